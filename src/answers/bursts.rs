//! Counts in buckets of time to bursts: stretches far above what is usual then.
//!
//! A bucket is compared with the median of the series, by the median absolute deviation (MAD), which 1.4826 makes the standard
//! deviation where counts are normal: the Hampel identifier, robust up to half of the buckets being odd (F. R. Hampel, "The influence
//! curve and its role in robust estimation", 1974; B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers", 1993, who call
//! the distance the modified z-score). Three things are different here:
//!
//! - Two medians are taken, and the greater is what is usual: that of the series' other buckets that are not empty, and, where there
//!   are days enough, that of the same time of the other days (or a bucket sooner or later): what comes back every day is no burst.
//! - The deviation is that of the counts above the median alone (the "double MAD"): counts of calls have a long tail upwards, which
//!   is nothing odd, and none downwards. And it is never less than counts of independent events have by chance (Poisson: the root of
//!   the median).
//! - A burst rises above [`TAIL_RATIO`] times what the series has in its highest hundredth of other buckets: some load is nothing but
//!   small bursts.
//! - A burst is at least [`EVENTS_MIN`] events and [`RATIO_MIN`] times the usual: what is certain is not always worth a look.

/// Standard deviations above the usual. Normal counts are above once in 3.5 million buckets.
const SCORE_MIN: f64 = 5.0;
/// Events of a bucket that are worth a look.
const EVENTS_MIN: u64 = 20;
/// The same, where there are too few other buckets to know what is usual.
const EVENTS_MIN_ALONE: u64 = 50;
/// Times the usual.
const RATIO_MIN: f64 = 2.0;
/// The highest hundredth of the other buckets begins here.
const TAIL: f64 = 0.99;
/// Times that.
const TAIL_RATIO: f64 = 2.5;
/// Buckets that are not empty from which on their median says what is usual.
const BUCKETS_MIN: usize = 8;
/// Days from which on the other days say what is usual at a time of day.
const DAYS_MIN: u32 = 3;
/// What makes a median absolute deviation the standard deviation of a normal distribution.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// Events in a bucket; buckets are numbered from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) bucket: u32,
    pub(super) events: u64,
}

/// A stretch of buckets with far more events than usual.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its first bucket.
    pub(super) from: u32,
    /// The bucket behind its last.
    pub(super) to: u32,
    pub(super) events: u64,
    pub(super) peak: u64,
    /// Of the highest bucket.
    pub(super) usual: f64,
    /// Of the highest bucket: deviations above the usual.
    pub(super) score: f64,
}

/// The buckets that a series can have events in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// The first.
    pub(super) first: u32,
    /// The last.
    pub(super) last: u32,
    /// Of a day.
    pub(super) buckets_a_day: u32,
}

/// Finds the bursts of a series: its buckets that are not empty, in order.
pub(super) fn bursts(series: &[Count], frame: Frame) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    if series.iter().all(|count| count.events < EVENTS_MIN) {
        return found; // nearly all series are like that
    }
    let all = Usual::of(series.iter().map(|count| count.events as f64).collect());
    for (nth, count) in series.iter().enumerate() {
        let Some((usual, score)) = judge(series, nth, all, frame) else {
            continue;
        };
        match found.last_mut() {
            Some(last) if last.to == count.bucket => last.extend(*count, usual, score),
            _ => found.push(Found {
                from: count.bucket,
                to: count.bucket + 1,
                events: count.events,
                peak: count.events,
                usual,
                score,
            }),
        }
    }
    found.retain(|burst| is_above_tail(series, burst));
    found
}

/// Whether a burst rises well above the highest other buckets of its series.
fn is_above_tail(series: &[Count], burst: &Found) -> bool {
    let is_other = |count: &&Count| count.bucket < burst.from || count.bucket >= burst.to;
    let mut others: Vec<u64> = (series.iter().filter(is_other))
        .map(|count| count.events)
        .collect();
    if others.len() < BUCKETS_MIN {
        return true;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a length"
    )]
    let place = (TAIL * (others.len() - 1) as f64) as usize;
    let (_, tail, _) = others.select_nth_unstable(place);
    burst.peak as f64 >= TAIL_RATIO * *tail as f64
}

impl Found {
    fn extend(&mut self, count: Count, usual: f64, score: f64) {
        self.to += 1;
        self.events += count.events;
        if count.events > self.peak {
            (self.peak, self.usual, self.score) = (count.events, usual, score);
        }
    }
}

/// Returns what would be usual in a bucket and how far above it is, where it is part of a burst.
fn judge(series: &[Count], nth: usize, all: Usual, frame: Frame) -> Option<(f64, f64)> {
    let count = series[nth];
    let is_known = series.len() > BUCKETS_MIN;
    let events_min = if is_known {
        EVENTS_MIN
    } else {
        EVENTS_MIN_ALONE
    };
    if count.events < events_min {
        return None;
    }
    let of_series = if is_known { all } else { Usual::NOTHING };
    of_series.score(count.events)?; // before days are looked at, which takes longer
    let usual = of_series.or_greater(of_other_days(series, count.bucket, frame));
    Some((usual.median, usual.score(count.events)?))
}

/// What is usual at a time of day: the greatest of the bucket before, itself and the one behind.
fn of_other_days(series: &[Count], bucket: u32, frame: Frame) -> Usual {
    let a_day = frame.buckets_a_day;
    if (frame.last - frame.first + 1) / a_day < DAYS_MIN {
        return Usual::NOTHING;
    }
    let around = bucket.saturating_sub(1)..=bucket + 1;
    around
        .map(|near| {
            let first = frame.first + (near + a_day - frame.first % a_day) % a_day;
            let days = (first..=frame.last).step_by(a_day as usize);
            let others = days.filter(|day| day.abs_diff(bucket) > 1);
            Usual::of(others.map(|day| events_in(series, day) as f64).collect())
        })
        .fold(Usual::NOTHING, Usual::or_greater)
}

fn events_in(series: &[Count], bucket: u32) -> u64 {
    let place = series.binary_search_by_key(&bucket, |count| count.bucket);
    place.map_or(0, |place| series[place].events)
}

/// A median and how counts scatter around it.
#[derive(Debug, Clone, Copy)]
struct Usual {
    median: f64,
    deviation: f64,
}

impl Usual {
    const NOTHING: Self = Self {
        median: 0.0,
        deviation: 1.0,
    };

    fn of(mut counts: Vec<f64>) -> Self {
        let centre = median(&mut counts);
        counts.retain(|count| *count >= centre);
        for count in &mut counts {
            *count -= centre;
        }
        let deviation = MAD_TO_DEVIATION * median(&mut counts);
        Self {
            median: centre,
            deviation: deviation.max(centre.sqrt()).max(1.0),
        }
    }

    fn or_greater(self, other: Self) -> Self {
        let limit = |usual: &Self| usual.median + SCORE_MIN * usual.deviation;
        if limit(&other) > limit(&self) {
            other
        } else {
            self
        }
    }

    /// By how many deviations a count is above, where that makes it part of a burst.
    fn score(self, events: u64) -> Option<f64> {
        let events = events as f64;
        let score = (events - self.median) / self.deviation;
        (score > SCORE_MIN && events >= RATIO_MIN * self.median).then_some(score)
    }
}

fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let (n, middle) = (values.len(), values.len() / 2);
    let (before, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return upper;
    }
    let lower = before.iter().copied().fold(f64::MIN, f64::max);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A_DAY: u32 = 96;

    /// So many days, by what each bucket of a day has.
    fn days(days: u32, events: impl Fn(u32, u32) -> u64) -> (Vec<Count>, Frame) {
        let first = 20_000 * A_DAY;
        let counts = (0..days * A_DAY).map(|nth| Count {
            bucket: first + nth,
            events: events(nth / A_DAY, nth % A_DAY),
        });
        let frame = Frame {
            first,
            last: first + days * A_DAY - 1,
            buckets_a_day: A_DAY,
        };
        (counts.filter(|count| count.events > 0).collect(), frame)
    }

    /// A number that looks drawn: from 0 to 1, the same each time.
    fn noise(seed: u32) -> f64 {
        let mixed = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / 16_777_216.0
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    fn about(level: f64, seed: u32) -> u64 {
        (level * (0.7 + 0.6 * noise(seed))) as u64
    }

    #[test]
    fn a_planted_burst_is_found_whole() {
        let (series, frame) = days(7, |day, slot| {
            let planted = if day == 3 && (50..53).contains(&slot) {
                900
            } else {
                0
            };
            about(30.0, day * A_DAY + slot) + planted
        });
        let found = bursts(&series, frame);
        assert_eq!(found.len(), 1, "{found:?}");
        let first = frame.first + 3 * A_DAY + 50;
        assert_eq!((found[0].from, found[0].to), (first, first + 3));
        assert!(found[0].events > 2700 && found[0].score > 50.0);
        assert!((20.0..40.0).contains(&found[0].usual));
    }

    #[test]
    fn steady_load_is_no_burst() {
        for level in [1.0, 5.0, 40.0, 3000.0] {
            let (series, frame) = days(14, |day, slot| about(level, day * A_DAY + slot));
            assert_eq!(bursts(&series, frame), [], "{level}");
        }
    }

    /// As people and programs really call: now and then a few at once, and sometimes many.
    #[test]
    fn load_that_comes_in_clumps_is_no_burst() {
        let (series, frame) = days(30, |day, slot| {
            let drawn = noise(day * A_DAY + slot);
            about(8.0 / (1.02 - drawn), day + slot)
        });
        assert!(series.iter().any(|count| count.events > 200));
        assert_eq!(bursts(&series, frame), []);
    }

    #[test]
    fn what_comes_back_every_day_is_no_burst() {
        // Office hours.
        let (series, frame) = days(5, |day, slot| {
            let level = if (32..72).contains(&slot) { 200.0 } else { 3.0 };
            about(level, day * A_DAY + slot)
        });
        assert_eq!(bursts(&series, frame), []);
        // A job at two at night, a little sooner or later, and nothing else.
        let (series, frame) = days(9, |day, slot| if slot == 8 + day % 2 { 500 } else { 0 });
        assert_eq!(bursts(&series, frame), []);
    }

    #[test]
    fn one_night_that_is_ten_times_the_others_is() {
        let (series, frame) = days(9, |day, slot| match (day, slot) {
            (6, 8) => 5000,
            (_, 8) => 500,
            _ => 0,
        });
        let found = bursts(&series, frame);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].peak, found[0].usual), (5000, 500.0));
    }

    #[test]
    fn what_was_never_done_before_is_known_by_its_number_alone() {
        let once = |events| days(1, move |_, slot| if slot == 40 { events } else { 0 });
        let (series, frame) = once(49);
        assert_eq!(bursts(&series, frame), []);
        let (series, frame) = once(50);
        assert_eq!(bursts(&series, frame).len(), 1);
    }

    #[test]
    fn nothing_has_no_bursts() {
        let (_, frame) = days(1, |_, _| 0);
        assert_eq!(bursts(&[], frame), []);
    }

    proptest! {
        /// Whatever comes: bursts are in order, apart, and count what the series has there.
        #[test]
        fn bursts_are_stretches_of_the_series(counts in prop::collection::vec(prop_oneof![3 => 0..5_u64, 1 => 0..2000_u64], 1..600)) {
            let frame = Frame { first: 960, last: 960 + 599, buckets_a_day: A_DAY };
            let series: Vec<Count> = (960..).zip(&counts).map(|(bucket, events)| Count { bucket, events: *events }).collect();
            let series: Vec<Count> = series.into_iter().filter(|count| count.events > 0).collect();
            let found = bursts(&series, frame);
            prop_assert!(found.windows(2).all(|two| two[0].to < two[1].from));
            for burst in found {
                let within: Vec<u64> = (burst.from..burst.to).map(|bucket| events_in(&series, bucket)).collect();
                prop_assert_eq!(within.iter().sum::<u64>(), burst.events);
                prop_assert_eq!(within.iter().max(), Some(&burst.peak));
                prop_assert!(burst.score > SCORE_MIN && burst.peak as f64 >= 2.0 * burst.usual);
            }
        }
    }
}
