//! The walk over buckets in memory, its requests answered as S3 does.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::source::object::{DeliveryObject, Listing};
use crate::source::selection::ListSelection;
use crate::trail::key::ForeignReason;

/// `ListObjectsV2` as S3 does it, with pages of `page_keys` keys and folders.
fn answer(bucket: &BTreeSet<String>, page_keys: usize, request: &ListRequest<'_>) -> Page {
    let start = request.token.or(request.start_after).unwrap_or_default();
    let mut page = Page::default();
    let mut last = String::new();
    for key in bucket
        .range(request.prefix.to_owned()..)
        .take_while(|key| key.starts_with(request.prefix))
    {
        let slash = key[request.prefix.len()..]
            .find('/')
            .filter(|_| request.delimited);
        let item = slash.map_or(key.as_str(), |at| &key[..=request.prefix.len() + at]);
        if item <= start || item == last {
            continue;
        }
        if page.keys.len() + page.folders.len() == page_keys {
            page.next = Some(last);
            break;
        }
        item.clone_into(&mut last);
        match slash {
            Some(_) => page.folders.push(last.clone()),
            None => page.keys.push(ListedKey {
                key: last.clone(),
                size: 1,
                etag: None,
                archived: false,
            }),
        }
    }
    page
}

struct Walked {
    listing: Listing,
    requests: usize,
    /// Requests one after the other, if all that can be made at once are.
    rounds: usize,
}

fn walk(
    bucket: &BTreeSet<String>,
    page_keys: usize,
    prefix: &str,
    selection: &ListSelection,
) -> Result<Walked, SourceError> {
    let mut finds = Finds::new(selection, false);
    let mut walk = Walk::new("b", prefix, &finds);
    let (mut requests, mut rounds) = (0, 0);
    loop {
        let mut round = Vec::new();
        while let Some(task) = walk.next_task(round.is_empty(), &mut finds) {
            let page = answer(bucket, page_keys, &task.request());
            round.push((task, page));
        }
        if round.is_empty() {
            break;
        }
        requests += round.len();
        rounds += 1;
        for (task, page) in round {
            walk.absorb(task, page, &mut finds)?;
        }
    }
    finds.finish_source();
    Ok(Walked {
        listing: finds.finish(),
        requests,
        rounds,
    })
}

fn keys_of(objects: &[DeliveryObject]) -> Vec<String> {
    let mut keys: Vec<_> = objects
        .iter()
        .map(|object| object.address()["s3://b/".len()..].to_owned())
        .collect();
    keys.sort();
    keys
}

fn key(prefix: &str, account: u64, family: &str, region: &str, day: i64, n: usize) -> String {
    let date = key::date_path(day * DAY);
    let stamp = date.replace('/', "");
    let (hour, minute) = (n / 60 % 24, n % 60);
    format!(
        "{prefix}AWSLogs/{account:012}/{family}/{region}/{date}/{account:012}_CloudTrail_{region}_{stamp}T{hour:02}{minute:02}Z_{n:06}.json.gz"
    )
}

fn trail(
    accounts: u64,
    regions: &[&str],
    days: std::ops::Range<i64>,
    a_day: usize,
) -> BTreeSet<String> {
    let mut bucket = BTreeSet::new();
    for account in 1..=accounts {
        for region in regions {
            for day in days.clone() {
                bucket.extend((0..a_day).map(|n| key("", account, "CloudTrail", region, day, n)));
            }
        }
    }
    bucket
}

#[test]
fn a_wide_bucket_costs_little_more_than_the_fewest_requests() {
    // 20 accounts × 4 regions × 90 days at 139 objects a day, a tenth of it in pages of a tenth.
    let bucket = trail(
        20,
        &["ap-south-1", "eu-west-1", "us-east-1", "us-west-2"],
        20_000..20_090,
        14,
    );
    let walked = walk(&bucket, 100, "", &ListSelection::default()).unwrap();
    assert_eq!(walked.listing.objects.len(), bucket.len());
    let fewest = bucket.len().div_ceil(100);
    assert!(
        walked.requests * 100 <= fewest * 110,
        "{} requests, {fewest} at least",
        walked.requests
    );
    assert!(
        walked.rounds < 60,
        "{} requests one after the other",
        walked.rounds
    );
}

#[test]
fn a_large_region_is_listed_in_parallel() {
    let mut bucket = trail(1, &["us-east-1"], 20_000..20_090, 1_000);
    let dates = (20_000..20_090).map(|day| key::date_path(day * DAY));
    let markers: BTreeSet<_> = dates
        .flat_map(|date| [format!("{date}/"), format!("{}/", &date[..7])])
        .collect();
    bucket.extend(
        markers
            .iter()
            .map(|date| format!("AWSLogs/000000000001/CloudTrail/us-east-1/{date}")),
    );
    let walked = walk(&bucket, 100, "", &ListSelection::default()).unwrap();
    assert_eq!(walked.listing.objects.len(), 90 * 1_000);
    let counted = walked.listing.foreign[&ForeignReason::DirectoryMarker].objects;
    assert_eq!(
        counted,
        markers.len() as u64,
        "what lies where the listing is split is seen once"
    );
    assert!(
        walked.requests < 900 * 110 / 100,
        "{} requests",
        walked.requests
    );
    assert!(
        walked.rounds < 150,
        "{} requests one after the other",
        walked.rounds
    );
}

#[test]
fn days_that_nobody_wants_cost_nothing() {
    let bucket = trail(3, &["eu-west-1", "us-east-1"], 20_000..20_400, 100);
    let selection = ListSelection {
        from: Some(20_200 * DAY),
        to: Some(20_201 * DAY),
        regions: vec!["us-east-1".to_owned()],
        ..ListSelection::default()
    };
    let walked = walk(&bucket, 1000, "", &selection).unwrap();
    let days: BTreeSet<_> = walked
        .listing
        .objects
        .iter()
        .map(|o| o.key().unwrap().day / DAY)
        .collect();
    assert_eq!(days, (20_199..=20_202).collect());
    assert_eq!(walked.listing.objects.len(), 3 * 4 * 100);
    // AWSLogs, accounts; then families, regions and days of each of the three.
    assert_eq!(walked.requests, 2 + 3 * 3);
}

#[test]
fn other_services_are_counted_so_far_and_no_further() {
    let mut bucket = trail(1, &["us-east-1"], 20_000..20_002, 10);
    bucket.extend(
        (0..5_000)
            .map(|n| format!("AWSLogs/000000000001/elasticloadbalancing/us-east-1/{n:05}.log.gz")),
    );
    bucket.extend((0..20).map(|n| format!("AWSLogs/000000000001/Config/us-east-1/{n}.json.gz")));
    let walked = walk(&bucket, 10, "", &ListSelection::default()).unwrap();
    assert_eq!(walked.listing.objects.len(), 20);
    assert!(walked.requests < 30, "{}", walked.requests);
    assert_eq!(
        walked.listing.foreign_cut,
        ["s3://b/AWSLogs/000000000001/elasticloadbalancing/"]
    );
    assert_eq!(
        walked.listing.foreign[&ForeignReason::NotCloudTrail].objects,
        120
    );
}

#[test]
fn a_search_ends() {
    let mut bucket: BTreeSet<_> = (0..3_000).map(|n| format!("data/{n:05}/x")).collect();
    let walked = walk(&bucket, 1000, "", &ListSelection::default()).unwrap();
    assert_eq!(
        walked.listing.objects.len(),
        3_000,
        "a loose pile is read, however wide"
    );
    assert!(walked.requests < 3_010, "{}", walked.requests);
    bucket.extend(trail(1, &["us-east-1"], 20_000..20_002, 10));
    let walked = walk(&bucket, 1000, "", &ListSelection::default()).unwrap();
    assert_eq!(walked.listing.objects.len(), 20);
    assert!(walked.requests < 1_010, "{}", walked.requests);
    assert!(!walked.listing.foreign_cut.is_empty());
}

#[test]
fn a_prefix_is_a_folder_else_a_key_else_a_start() {
    let inner = key("", 1, "CloudTrail", "us-east-1", 20_000, 7);
    let bucket: BTreeSet<_> = [
        "logs",
        "logs-old",
        "logs-new/z",
        "loose/a",
        "loose/b.json",
        "trails/y",
    ]
    .into_iter()
    .map(|place| format!("{place}/{inner}"))
    .chain([
        "loose.json".to_owned(),
        "loose.json.bak".to_owned(),
        ".hidden".to_owned(),
        "logs/".to_owned(),
    ])
    .collect();
    let check = |prefix: &str, expected: &[&str]| {
        let found = walk(&bucket, 1000, prefix, &ListSelection::default())
            .map(|walked| keys_of(&walked.listing.objects));
        let expected: Vec<_> = expected
            .iter()
            .map(|place| place.replace('@', &format!("/{inner}")))
            .collect();
        assert_eq!(found.ok().unwrap_or_default(), expected, "{prefix}");
    };
    check("logs", &["logs@"]);
    check("logs/", &["logs@"]);
    check("logs-", &["logs-new/z@", "logs-old@"]);
    check("logs/AWSLogs", &["logs@"]);
    check("logs/AWSL", &["logs@"]);
    check("logs/AWSLogs/0000", &["logs@"]);
    check("logs/AWSLogs/000000000001/CloudTrail", &["logs@"]);
    check("logs/AWSLogs/000000000001/Cloud", &["logs@"]);
    check(
        "logs/AWSLogs/000000000001/CloudTrail/us-east-1/",
        &["logs@"],
    );
    check(
        "logs/AWSLogs/000000000001/CloudTrail/us-east-1/20",
        &["logs@"],
    );
    check(
        "logs/AWSLogs/000000000001/CloudTrail/us-east-1/2024/10/04",
        &["logs@"],
    );
    check(&format!("logs/{inner}"), &["logs@"]);
    check(&format!("logs/{}", &inner[..inner.len() - 5]), &["logs@"]);
    check("loose.json", &["loose.json"]);
    check("loose.", &["loose.json", "loose.json.bak"]);
    check("loose/", &["loose/a@", "loose/b.json@"]);
    check("nothing", &[]);
    assert!(matches!(
        walk(&bucket, 10, "nothing", &ListSelection::default()),
        Err(SourceError::NoSuchPrefix { .. })
    ));
    assert!(matches!(
        walk(&bucket, 10, "nothing/", &ListSelection::default()),
        Err(SourceError::NoSuchPrefix { .. })
    ));
    assert!(
        walk(&BTreeSet::new(), 10, "", &ListSelection::default())
            .unwrap()
            .listing
            .objects
            .is_empty()
    );
}

/// What a walk should find, key by key.
fn naive(
    bucket: &BTreeSet<String>,
    selection: &ListSelection,
) -> (Vec<String>, BTreeMap<ForeignReason, u64>) {
    let mut objects = Vec::new();
    let mut foreign = BTreeMap::new();
    let has_aws_logs = bucket.iter().any(|key| key::split(key).is_some());
    for key in bucket {
        let (before, object) = key::split(key).unwrap_or(("", key));
        let source = format!("s3://b/{before}");
        let source = source.trim_end_matches('/');
        match DeliveryKey::parse(key) {
            Ok(parsed) if selection.wants(source, object, &parsed) => objects.push(key.clone()),
            Ok(_) => {}
            Err(ForeignReason::OutsideAwsLogs) if !has_aws_logs => objects.push(key.clone()),
            Err(reason) => {
                if key::split(key)
                    .is_none_or(|(_, object)| selection.covers_foreign(source, object))
                {
                    *foreign.entry(reason).or_default() += 1;
                }
            }
        }
    }
    (objects, foreign)
}

fn any_bucket() -> impl Strategy<Value = BTreeSet<String>> {
    let delivered = (
        proptest::sample::select(&["", "p/", "p/q/", "AWSLogs/", "/"][..]),
        proptest::sample::select(&["", "o-abc/"][..]),
        1_u64..4,
        proptest::sample::select(
            &[
                "CloudTrail",
                "CloudTrail-Insight",
                "CloudTrail-Aggregated",
                "Config",
            ][..],
        ),
        proptest::sample::select(&["us-east-1", "eu-west-1"][..]),
        19_990_i64..20_060,
        0_usize..60,
    )
        .prop_map(|(prefix, org, account, family, region, day, burst)| {
            let keys = (0..burst).map(move |n| key(prefix, account, family, region, day, n));
            let markers = [10, 7].map(|length| {
                let folder = key(prefix, account, family, region, day, 0);
                let date = folder.rfind('/').unwrap_or_default() - 10;
                format!("{}/", &folder[..date + length])
            });
            let keys = keys.chain(markers.into_iter().filter(|_| burst % 2 == 0));
            keys.map(|key| key.replace("AWSLogs/0", &format!("AWSLogs/{org}0")))
                .collect::<Vec<_>>()
        });
    let odd = proptest::sample::select(
        &[
            "AWSLogs/",
            "AWSLogs/000000000001/",
            "AWSLogs/000000000001/CloudTrail/us-east-1/2024/10/",
            "AWSLogs/000000000001/CloudTrail/us-east-1/2024/10/04/",
            "AWSLogs/000000000001/CloudTrail/us-east-1/2024/10/note.txt",
            "AWSLogs/000000000001/CloudTrail/us-east-1/zzz",
            "AWSLogs/000000000001/AccessLogs/x",
            "p/README",
            "x.json",
            "p/AWSLogs/000000000002/CloudTrail-Lake/Query/x.csv.gz",
        ][..],
    )
    .prop_map(|key| vec![key.to_owned()]);
    proptest::collection::vec(prop_oneof![4 => delivered, 1 => odd], 0..30)
        .prop_map(|keys| keys.into_iter().flatten().collect())
}

fn any_selection() -> impl Strategy<Value = ListSelection> {
    (
        proptest::option::of(19_990_i64..20_060),
        proptest::option::of(19_990_i64..20_060),
        proptest::sample::select(vec![
            vec![],
            vec!["000000000001"],
            vec!["000000000002", "000000000003"],
        ]),
        proptest::sample::select(vec![vec![], vec!["us-east-1"]]),
        proptest::collection::btree_map(
            proptest::sample::select(vec![
                "s3://b/AWSLogs/000000000001/CloudTrail/us-east-1/".to_owned(),
                "s3://b/p/AWSLogs/o-abc/000000000002/CloudTrail/eu-west-1/".to_owned(),
            ]),
            (19_990_i64..20_060).prop_map(|day| day * DAY),
            0..3,
        ),
    )
        .prop_map(|(from, to, accounts, regions, since)| ListSelection {
            from: from.map(|day| day * DAY + 1),
            to: to.map(|day| day * DAY + 1),
            late_window_days: 2,
            accounts: accounts.iter().map(ToString::to_string).collect(),
            regions: regions.iter().map(ToString::to_string).collect(),
            since,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_walk_finds_what_is_there(bucket in any_bucket(), selection in any_selection(), page_keys in 1_usize..7) {
        let walked = walk(&bucket, page_keys, "", &selection).unwrap();
        let (objects, mut foreign) = naive(&bucket, &selection);
        prop_assert_eq!(keys_of(&walked.listing.objects), objects);
        prop_assert!(walked.listing.balances());
        if walked.listing.foreign_cut.is_empty() {
            let counted: BTreeMap<_, _> = walked.listing.foreign.iter().map(|(reason, tally)| (*reason, tally.objects)).collect();
            // Outside of AWSLogs, folders are markers wherever they are.
            foreign.retain(|_, n| *n > 0);
            prop_assert_eq!(counted, foreign);
        }
    }

    #[test]
    fn any_start_of_a_key_finds_the_keys_that_start_so(bucket in any_bucket(), at in any::<prop::sample::Index>(), page_keys in 1_usize..7) {
        let Some(some_key) = bucket.iter().next_back() else { return Ok(()) };
        let prefix = &some_key[..=at.index(some_key.len())];
        let selection = ListSelection::default();
        let folder = format!("{}/", prefix.trim_end_matches('/'));
        let is_folder = bucket.iter().any(|key| key.starts_with(&folder));
        let part: BTreeSet<_> = bucket.iter().filter(|key| {
            if is_folder { key.starts_with(&folder) } else if bucket.contains(prefix) { *key == prefix } else { key.starts_with(prefix) }
        }).cloned().collect();
        let walked = walk(&bucket, page_keys, prefix, &selection).unwrap();
        let is_single = part.len() == 1 && part.contains(prefix);
        if !is_single {
            prop_assert_eq!(keys_of(&walked.listing.objects), naive(&part, &selection).0, "{}", prefix);
        }
    }
}
