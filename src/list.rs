//! `trailmill list`: what a run would read and what that would cost, from the listing alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use serde::Serialize;

use crate::aws::{AwsOptions, Traffic};
use crate::cli::ListArgs;
use crate::config;
use crate::escape::printable;
use crate::limits::{FETCHED_BYTES_MAX, S3_CONCURRENCY};
use crate::source::{DeliveryObject, Listing, SourceOptions, Sources, Tally};
use crate::trail::key::Family;
use crate::trail::time;

/// US dollars for a million requests of S3's price class `PUT, COPY, POST, LIST` (tier 1), S3 Standard in us-east-1.
const TIER_1_USD: f64 = 5.0;
/// The same for `GET, SELECT and all others` (tier 2).
const TIER_2_USD: f64 = 0.4;

/// Lists the sources and writes what was found to `out`: a table, or JSON with `--json`.
///
/// `now` is the time that offsets such as `-7d` count from, in microseconds since 1970.
///
/// # Errors
///
/// Where a source cannot be listed, or `out` not be written.
pub fn run(
    args: &ListArgs,
    now: i64,
    stdin: impl BufRead,
    out: &mut impl Write,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let concurrency = args.concurrency.unwrap_or(S3_CONCURRENCY);
    let selection = config::selection(&args.selection, now)?;
    let options = SourceOptions {
        aws: AwsOptions {
            traffic: Arc::new(Traffic::new(concurrency, Arc::clone(stop))),
            ..config::aws(&args.aws)
        },
        concurrency,
    };
    let sources = Sources::open(&args.sources, stdin, &options)?;
    let listing = sources.list(
        &config::list_selection(&selection, crate::limits::LATE_WINDOW_DAYS),
        stop,
    )?;
    let report = Report::of(&listing);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        out.write_all(report.to_text().as_bytes())?;
    }
    Ok(out.flush()?)
}

/// The listing in numbers. Its JSON is stable: members are added, never renamed.
#[derive(Debug, Serialize)]
struct Report<'l> {
    /// To read: the ones behind are parts of it.
    objects: Count,
    /// Of `objects`: cannot be read before they are restored.
    archived: Count,
    /// Of `objects`: larger than one object may be.
    too_large: Count,
    digests: Count,
    foreign: Foreign<'l>,
    filtered: Count,
    listed: Count,
    repeated: u64,
    by_account: Vec<Group<'l>>,
    by_region: Vec<Group<'l>>,
    by_family: Vec<Group<'l>>,
    by_day: Vec<Group<'l>>,
    requests: RequestsOfRun,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Count {
    objects: u64,
    bytes: u64,
}

impl From<Tally> for Count {
    fn from(tally: Tally) -> Self {
        Self {
            objects: tally.objects,
            bytes: tally.bytes,
        }
    }
}

#[derive(Debug, Serialize)]
struct Foreign<'l> {
    #[serde(flatten)]
    total: Count,
    by_reason: BTreeMap<&'static str, Count>,
    /// Folders of which only the beginning was counted.
    cut: &'l [String],
}

/// Objects that have something in common; without a name: loose ones.
#[derive(Debug, Serialize)]
struct Group<'l> {
    name: Option<Cow<'l, str>>,
    #[serde(flatten)]
    count: Count,
}

/// The requests that a run would make.
#[derive(Debug, Serialize)]
struct RequestsOfRun {
    list: Priced,
    /// Only for keys that are given one by one.
    head: Priced,
    get: Priced,
    indicative_usd: f64,
    price_basis: &'static str,
}

#[derive(Debug, Serialize)]
struct Priced {
    count: u64,
    price_class: &'static str,
    indicative_usd: f64,
}

impl<'l> Report<'l> {
    fn of(listing: &'l Listing) -> Self {
        let objects = &listing.objects;
        let count = |wanted: &dyn Fn(&&DeliveryObject) -> bool| {
            Tally::of(objects.iter().filter(wanted)).into()
        };
        let by_reason = listing
            .foreign
            .iter()
            .map(|(reason, tally)| (reason.as_str(), Count::from(*tally)));
        Self {
            objects: Tally::of(objects).into(),
            archived: count(&|object| object.archived),
            too_large: count(&|object| object.size > FETCHED_BYTES_MAX),
            digests: Tally::of(&listing.digests).into(),
            foreign: Foreign {
                total: listing.foreign_total().into(),
                by_reason: by_reason.collect(),
                cut: &listing.foreign_cut,
            },
            filtered: listing.filtered.into(),
            listed: listing.listed.into(),
            repeated: listing.repeated,
            by_account: grouped(objects, |object| Some(Cow::Borrowed(object.key()?.account))),
            by_region: grouped(objects, |object| Some(Cow::Borrowed(object.key()?.region))),
            by_family: grouped(objects, |object| {
                Some(Cow::Borrowed(Family::folder(object.key()?.family)))
            }),
            by_day: grouped(objects, |object| {
                Some(Cow::Owned(time::format_date(object.key()?.day)))
            }),
            requests: RequestsOfRun::of(listing),
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (title, groups) in [
            ("Account", &self.by_account),
            ("Region", &self.by_region),
            ("Family", &self.by_family),
            ("Delivery day", &self.by_day),
        ] {
            let name = |group: &Group<'_>| {
                printable(group.name.as_deref().unwrap_or("(loose)")).into_owned()
            };
            text += &table(title, groups.iter().map(|group| (name(group), group.count)));
            text.push('\n');
        }
        let mut totals = vec![("to read".to_owned(), self.objects)];
        let some = |name: &str, count: Count| (count.objects > 0).then(|| (name.to_owned(), count));
        totals.extend(some("  archived, to be restored first", self.archived));
        totals.extend(some("  too large", self.too_large));
        totals.push(("digests, left aside".to_owned(), self.digests));
        totals.push(("foreign".to_owned(), self.foreign.total));
        totals.extend(
            self.foreign
                .by_reason
                .iter()
                .map(|(reason, count)| (format!("  {reason}"), *count)),
        );
        totals.extend(some("filtered", self.filtered));
        totals.push(("listed".to_owned(), self.listed));
        text += &table("Objects", totals.into_iter());
        for folder in self.foreign.cut {
            text.extend(["  counted in part only: ", &printable(folder), "\n"]);
        }
        if self.repeated > 0 {
            let repeated = grouped_digits(self.repeated);
            text.extend([
                "  found again through another source, read once: ",
                &repeated,
                "
",
            ]);
        }
        text.push('\n');
        text + &self.requests.to_text()
    }
}

impl RequestsOfRun {
    fn of(listing: &Listing) -> Self {
        let is_fetched =
            |o: &&DeliveryObject| o.is_in_s3() && !o.archived && o.size <= FETCHED_BYTES_MAX;
        let gets = listing.objects.iter().filter(is_fetched).count() as u64;
        let list = Priced::of(
            listing.requests.list,
            "tier 1 (PUT, COPY, POST, LIST)",
            TIER_1_USD,
        );
        let head = Priced::of(
            listing.requests.head,
            "tier 2 (GET, SELECT, all others)",
            TIER_2_USD,
        );
        let get = Priced::of(gets, "tier 2 (GET, SELECT, all others)", TIER_2_USD);
        Self {
            indicative_usd: rounded(list.indicative_usd + head.indicative_usd + get.indicative_usd),
            list,
            head,
            get,
            price_basis: "S3 Standard request prices of us-east-1, without data transfer, retrieval and KMS",
        }
    }

    fn to_text(&self) -> String {
        let named = [
            ("LIST", &self.list),
            ("HEAD", &self.head),
            ("GET", &self.get),
        ];
        let rows: Vec<_> = named
            .into_iter()
            .filter(|(name, priced)| priced.count > 0 || *name != "HEAD")
            .map(|(name, priced)| {
                let price = format!("{:.6}", priced.indicative_usd);
                [
                    name.to_owned(),
                    grouped_digits(priced.count),
                    price,
                    priced.price_class.to_owned(),
                ]
            })
            .collect();
        let heads = ["Requests of a run", "count", "USD", "price class"].map(str::to_owned);
        let widths = [0, 1, 2].map(|i| {
            rows.iter()
                .chain([&heads])
                .map(|row| row[i].len())
                .max()
                .unwrap_or_default()
        });
        let line = |[name, count, price, class]: &[String; 4]| {
            let [w0, w1, w2] = widths;
            format!("{name:<w0$}  {count:>w1$}  {price:>w2$}  {class}\n")
        };
        let text: String = [heads].iter().chain(&rows).map(line).collect();
        text + &format!("  USD is indicative: {}\n", self.price_basis)
    }
}

impl Priced {
    fn of(count: u64, price_class: &'static str, usd_a_million: f64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "requests are not counted beyond 2^52"
        )]
        let indicative_usd = rounded(count as f64 * usd_a_million / 1e6);
        Self {
            count,
            price_class,
            indicative_usd,
        }
    }
}

/// Rounds to a millionth of a dollar: a GET costs less than half of one.
fn rounded(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}

/// Counts objects by a name, in the names' order; loose objects come first.
fn grouped<'l>(
    objects: &'l [DeliveryObject],
    name: impl Fn(&'l DeliveryObject) -> Option<Cow<'l, str>>,
) -> Vec<Group<'l>> {
    let mut groups: BTreeMap<Option<Cow<'l, str>>, Tally> = BTreeMap::new();
    for object in objects {
        groups.entry(name(object)).or_default().add(object.size);
    }
    groups
        .into_iter()
        .map(|(name, tally)| Group {
            name,
            count: tally.into(),
        })
        .collect()
}

/// A table of names, objects and bytes, its columns aligned.
fn table(title: &str, rows: impl Iterator<Item = (String, Count)>) -> String {
    let mut cells = vec![[
        title.to_owned(),
        "objects".to_owned(),
        "bytes".to_owned(),
        String::new(),
    ]];
    cells.extend(rows.map(|(name, count)| {
        [
            name,
            grouped_digits(count.objects),
            grouped_digits(count.bytes),
            size(count.bytes),
        ]
    }));
    let width = |i: usize| {
        cells
            .iter()
            .map(|row| row[i].chars().count())
            .max()
            .unwrap_or_default()
    };
    let [w0, w1, w2] = [0, 1, 2].map(width);
    let line = |[name, objects, bytes, size]: &[String; 4]| {
        let line = format!("{name:<w0$}  {objects:>w1$}  {bytes:>w2$}  {size}");
        format!("{}\n", line.trim_end())
    };
    cells.iter().map(line).collect()
}

/// Digits in groups of three.
fn grouped_digits(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.char_indices() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in a unit that one can take in; nothing below one KiB.
fn size(bytes: u64) -> String {
    let units = [
        (1_u64 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("({}.{} {name})", bytes / unit, bytes % unit * 10 / unit),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped_digits),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 1_023, 1_536, 5 << 30].map(size),
            ["", "", "(1.5 KiB)", "(5.0 GiB)"]
        );
    }

    #[test]
    fn requests_are_priced_by_class() {
        let listing = Listing {
            objects: vec![
                DeliveryObject {
                    source: "s3://b".into(),
                    object: "x".into(),
                    size: 1,
                    delivery_time: None,
                    etag: None,
                    archived: false,
                };
                2_000
            ],
            requests: crate::source::Requests {
                list: 1_000,
                head: 0,
            },
            ..Listing::default()
        };
        let requests = RequestsOfRun::of(&listing);
        let usd = [&requests.list, &requests.get].map(|priced| priced.indicative_usd.to_string());
        assert_eq!(
            (usd, requests.indicative_usd.to_string().as_str()),
            (["0.005", "0.0008"].map(str::to_owned), "0.0058")
        );
    }
}
