//! Times as CloudTrail writes them, to and from microseconds since 1970 (UTC), without a clock.

use std::fmt;
use std::str::FromStr;

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// The times with a four-digit year: 0000-01-01 … 9999-12-31, in days since 1970.
const DAYS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;

/// Parses an `eventTime`: RFC 3339 with a zone and any fraction, `YYYYMMDDThhmmssZ`, or
/// `YYYY-MM-DD hh:mm:ss[.f]` read as UTC; nothing else.
///
/// Fractions beyond microseconds are cut. A leap second (`:60`) is the first moment of the next minute.
///
/// ```
/// use trailmill::trail::time::{format, parse};
/// assert_eq!(parse("2023-07-10T12:05:33Z").map(format).as_deref(), Some("2023-07-10T12:05:33Z"));
/// assert_eq!(parse("20230710T120533Z"), parse("2023-07-10T14:05:33+02:00"));
/// assert_eq!(parse("2023-07-10T12:05:33"), None);
/// ```
pub fn parse(text: &str) -> Option<i64> {
    let t = text.as_bytes();
    if t.len() == 20 && t[19] == b'Z' && t[10] == b'T' {
        return date_time(t); // what CloudTrail writes, nearly always
    }
    if t.len() == 16 && t[8] == b'T' && t[15] == b'Z' {
        let clock = clock(number(&t[9..11])?, number(&t[11..13])?, number(&t[13..15])?)?;
        return Some(date(number(&t[..4])?, number(&t[4..6])?, number(&t[6..8])?)? * DAY + clock);
    }
    if t.len() < 19 {
        return None;
    }
    let whole = date_time(t)?;
    let (fraction, zone) = fraction(&t[19..])?;
    let offset = match (t[10], zone) {
        (b' ', b"") | (b'T' | b't' | b' ', b"Z" | b"z") => 0,
        (b'T' | b't' | b' ', zone) => zone_offset(zone)?,
        _ => return None,
    };
    let micros = whole + fraction - offset;
    DAYS.contains(&micros.div_euclid(DAY)).then_some(micros)
}

/// Returns the time as CloudTrail writes it: `YYYY-MM-DDThh:mm:ssZ`, with a fraction where there is one.
pub fn format(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let of_day = micros.rem_euclid(DAY);
    let seconds = of_day / SECOND;
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match of_day % SECOND {
        0 => format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z"),
        f => format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{f:06}Z"),
    }
}

/// Returns true for a time written as CloudTrail writes it, so that [`format()`] gives the text back.
pub fn is_plain(text: &str) -> bool {
    let t = text.as_bytes();
    t.len() == 20 && t[10] == b'T' && t[19] == b'Z' && !text.ends_with("60Z")
}

/// Returns the day of a time as `YYYY-MM-DD`.
pub fn format_date(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Parses `YYYY-MM-DD` to the first moment of that day.
pub fn parse_date(text: &str) -> Option<i64> {
    let t = text.as_bytes();
    if t.len() != 10 || t[4] != b'-' || t[7] != b'-' {
        return None;
    }
    Some(date(number(&t[..4])?, number(&t[5..7])?, number(&t[8..10])?)? * DAY)
}

/// A time on the command line: fixed, or so far before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Microseconds since 1970.
    At(i64),
    /// Microseconds before now.
    Ago(i64),
}

impl Moment {
    /// Returns the time, given what time it is now.
    pub fn resolve(self, now: i64) -> i64 {
        match self {
            Self::At(micros) => micros,
            Self::Ago(micros) => now.saturating_sub(micros),
        }
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        if let Some(offset) = text.strip_prefix('-') {
            return parse_span(offset).map(Self::Ago).ok_or(NotAMoment);
        }
        parse_date(text)
            .or_else(|| parse(text))
            .map(Self::At)
            .ok_or(NotAMoment)
    }
}

/// The text of a `Moment` that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMoment;

impl std::error::Error for NotAMoment {}

impl fmt::Display for NotAMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use a time such as 2026-08-01T12:00:00Z, a date such as 2026-08-01, or an offset such as -7d, -36h or -90m")
    }
}

/// Parses a span such as `15m`, `36h`, `7d` or `30s` to microseconds.
pub fn parse_span(text: &str) -> Option<i64> {
    let unit = match text.as_bytes().last()? {
        b's' => SECOND,
        b'm' => 60 * SECOND,
        b'h' => 3600 * SECOND,
        b'd' => DAY,
        b'w' => 7 * DAY,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// `YYYY-MM-DD?hh:mm:ss` at the start of `t`, which holds at least 19 bytes.
fn date_time(t: &[u8]) -> Option<i64> {
    if t[4] != b'-' || t[7] != b'-' || t[13] != b':' || t[16] != b':' {
        return None;
    }
    let day = date(number(&t[..4])?, number(&t[5..7])?, number(&t[8..10])?)?;
    Some(
        day * DAY
            + clock(
                number(&t[11..13])?,
                number(&t[14..16])?,
                number(&t[17..19])?,
            )?,
    )
}

/// A fraction of a second, if there is one, in microseconds, and what follows it.
fn fraction(t: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = t.strip_prefix(b".") else {
        return Some((0, t));
    };
    let n_digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if n_digits == 0 {
        return None;
    }
    let micros = rest[..n_digits]
        .iter()
        .chain(std::iter::repeat(&b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((micros, &rest[n_digits..]))
}

/// `+hh:mm` or `-hh:mm` in microseconds.
fn zone_offset(t: &[u8]) -> Option<i64> {
    if t.len() != 6 || t[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(&t[1..3])?, number(&t[4..6])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let micros = (hours * 3600 + minutes * 60) * SECOND;
    match t[0] {
        b'+' => Some(micros),
        b'-' => Some(-micros),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

fn clock(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second <= 60)
        .then_some((hour * 3600 + minute * 60 + second) * SECOND)
}

/// Days since 1970 of a date that exists. The algorithm is Howard Hinnant's `days_from_civil`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The date of a day since 1970: the inverse of [`date`].
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day_of_year - (153 * mp + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(format).as_deref(), expected, "{text}");
    }

    #[test]
    fn usable_event_times() {
        check("2023-07-10T12:05:33Z", Some("2023-07-10T12:05:33Z"));
        check(
            "2023-07-10T12:05:33.5Z",
            Some("2023-07-10T12:05:33.500000Z"),
        );
        check(
            "2023-07-10T12:05:33.123456789Z",
            Some("2023-07-10T12:05:33.123456Z"),
        );
        check("2023-07-10T12:05:33+09:00", Some("2023-07-10T03:05:33Z"));
        check("2023-07-10t12:05:33z", Some("2023-07-10T12:05:33Z"));
        check("2023-07-10 12:05:33", Some("2023-07-10T12:05:33Z"));
        check(
            "2023-07-10 12:05:33.25",
            Some("2023-07-10T12:05:33.250000Z"),
        );
        check("20131102T010628Z", Some("2013-11-02T01:06:28Z"));
        check("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z"));
        check("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn unusable_event_times() {
        for text in [
            "",
            "2023-07-10",
            "2023-07-10T12:05:33",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-07-10T24:00:00Z",
            "2023-07-10T12:05:33.Z",
            "2023-07-10T12:05:33+0900",
            "1689000000",
            "2023-07-10T12:05Z",
            "2023-07-10T12:05:3\u{e9}",
            "+023-07-10T12:05:33Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn moments() {
        assert_eq!("-7d".parse(), Ok(Moment::Ago(7 * DAY)));
        assert_eq!("-36h".parse(), Ok(Moment::Ago(36 * 3600 * SECOND)));
        assert_eq!("1970-01-02".parse(), Ok(Moment::At(DAY)));
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(Moment::At(SECOND)));
        for text in [
            "",
            "-",
            "-d",
            "-7",
            "-7y",
            "yesterday",
            "--7d",
            "-99999999999999w",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text}");
        }
    }

    proptest! {
        #[test]
        fn format_and_parse_are_inverse(micros in -719_528 * DAY..2_932_897 * DAY) {
            prop_assert_eq!(parse(&format(micros)), Some(micros));
        }

        #[test]
        fn parse_never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
