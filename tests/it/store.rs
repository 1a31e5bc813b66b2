//! The places that a dataset can lie in: all keep the same promises, whatever goes wrong on the way to a bucket.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use trailmill::aws::{AwsOptions, RetryOptions};
use trailmill::commit::{DataFile, Upload};
use trailmill::sink::SinkError;
use trailmill::sink::folder::Folder;
use trailmill::sink::s3::{Bucket, WriteOptions};
use trailmill::sink::store::Store;

use crate::disk_double::DiskDouble;
use crate::s3_double::{Again, Fault, Gate, Op, S3Double};

const EVENTS: &str = "events/event_date=2026-08-01/a-000.parquet";
const OBJECTS: &str = "objects/delivery_date=2026-08-01/a-000.parquet";
const ENTRY: &str = "_trailmill/log/1.json";

fn bucket_with(s3: &S3Double, options: WriteOptions) -> Arc<dyn Store> {
    s3.create_bucket("out");
    let aws = AwsOptions {
        endpoint_url: Some(s3.url().to_owned()),
        region: Some("us-east-1".to_owned()),
        no_sign_request: true,
        retry: RetryOptions {
            first_wait: Duration::from_millis(1),
            wait_max: Duration::from_millis(4),
            ..RetryOptions::default()
        },
        ..AwsOptions::default()
    };
    Arc::new(Bucket::new("s3://out/tables", &aws, options).unwrap())
}

fn bucket(s3: &S3Double) -> Arc<dyn Store> {
    bucket_with(s3, WriteOptions::default())
}

/// Checks what every place promises, given a way to open it anew, as another process would.
fn in_every_place(check: impl Fn(&dyn Fn() -> Arc<dyn Store>)) {
    let dir = TempDir::new().unwrap();
    check(&|| Arc::new(Folder::new(&dir.path().join("tables"))));
    let s3 = S3Double::start();
    check(&|| bucket(&s3));
}

fn staged(store: &dyn Store, path: &str, content: &[u8]) -> DataFile {
    let mut stage = store.stage(path).unwrap();
    for piece in content.chunks(700_000) {
        stage.write_all(piece).unwrap();
    }
    file(path, content.len(), stage.finish().unwrap())
}

fn file(path: &str, bytes: usize, upload: Option<Upload>) -> DataFile {
    DataFile {
        path: path.to_owned(),
        table: path.split('/').next().unwrap().to_owned(),
        bytes: bytes as u64,
        rows: 1,
        sha256: String::new(),
        times: None,
        upload,
    }
}

/// Bytes for so many parts, the last not full.
fn content(parts: usize) -> Vec<u8> {
    let length = parts * (8 << 20) - 12_345;
    (0..=250).cycle().take(length).collect()
}

// What every place promises.

#[test]
fn a_file_is_created_once() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        store.probe().unwrap();
        assert_eq!(store.read(ENTRY).unwrap(), None);
        assert!(store.names("_trailmill/log").unwrap().is_empty());
        assert!(store.create(ENTRY, b"one").unwrap());
        assert!(!store.create(ENTRY, b"two").unwrap());
        assert!(!open().create(ENTRY, b"three").unwrap());
        assert_eq!(open().read(ENTRY).unwrap().unwrap(), "one");
        assert_eq!(open().names("_trailmill/log").unwrap(), ["1.json"]);
    });
}

/// A process that another thread was just starting shared the lock, and the next run in the same process was sent away.
#[test]
fn regression_a_folder_is_free_when_its_writer_is_gone_whoever_has_inherited_the_lock() {
    let dir = TempDir::new().unwrap();
    let disk = DiskDouble::new(dir.path());
    let open = || Folder::on(Arc::new(disk.clone()), &dir.path().join("tables"));
    let writer = open();
    writer.lock().unwrap();
    assert!(matches!(open().lock(), Err(SinkError::Busy(_))));
    drop(writer);
    open().lock().unwrap();
}

#[test]
fn a_file_is_seen_when_it_is_published_and_whole() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        for content in [content(3), b"small".to_vec()] {
            let path = format!("events/event_date=2026-08-01/{}.parquet", content.len());
            let file = staged(&*store, &path, &content);
            assert_eq!(open().size(&path).unwrap(), None);
            // Whoever comes later can do it as well, and again.
            for store in [&store, &open(), &open()] {
                assert_eq!(store.publish(std::slice::from_ref(&file)).unwrap(), None);
                assert_eq!(store.size(&path).unwrap(), Some(file.bytes));
            }
            let read = store.open(&path).unwrap();
            assert_eq!(read.size(), file.bytes);
            assert_eq!(read.read_at(0, content.len()).unwrap(), content);
        }
    });
}

#[test]
fn a_file_is_read_here_and_there() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        let content = content(1);
        let file = staged(&*store, EVENTS, &content);
        store.publish(&[file]).unwrap();
        let read = store.open(EVENTS).unwrap();
        for (start, length) in [
            (0, 4),
            (1 << 20, 1),
            ((1 << 20) - 1, 2),
            (5_000_000, 3_000_000),
        ] {
            let bytes = read.read_at(start as u64, length).unwrap();
            assert_eq!(bytes, content[start..start + length], "{start}");
        }
        let end = content.len();
        assert_eq!(read.read_at(end as u64 - 8, 8).unwrap(), content[end - 8..]);
        assert!(read.read_at(end as u64, 0).unwrap().is_empty());
        let beyond = read.read_at(end as u64 - 8, 9).unwrap_err();
        assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn what_is_swept_can_no_longer_be_published() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        let files = [EVENTS, OBJECTS].map(|path| staged(&*store, path, b"rows"));
        store.publish(&files[..1]).unwrap();
        open().sweep_all().unwrap();
        assert_eq!(store.publish(&files).unwrap().as_deref(), Some(OBJECTS));
        assert_eq!(
            store.size(EVENTS).unwrap(),
            Some(4),
            "what is published stays"
        );
        assert!(!open().has_stages_of_others().unwrap());
    });
}

#[test]
fn what_is_removed_is_gone_and_what_is_gone_is_no_error() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        let file = staged(&*store, EVENTS, b"rows");
        store.publish(&[file]).unwrap();
        let paths = [EVENTS.to_owned(), OBJECTS.to_owned()];
        store.remove(&paths).unwrap();
        store.remove(&paths).unwrap();
        assert_eq!(open().size(EVENTS).unwrap(), None);
    });
}

#[test]
fn a_place_with_our_own_alone_is_empty() {
    in_every_place(|open| {
        let store = open();
        assert!(!store.holds_data().unwrap());
        store.lock().unwrap();
        store.create(ENTRY, b"one").unwrap();
        assert!(!open().holds_data().unwrap());
        let file = staged(&*store, EVENTS, b"rows");
        assert!(!open().holds_data().unwrap(), "nobody sees what is staged");
        store.publish(&[file]).unwrap();
        assert!(open().holds_data().unwrap());
    });
}

#[test]
fn leaving_takes_away_what_was_staged() {
    in_every_place(|open| {
        let store = open();
        store.lock().unwrap();
        let file = staged(&*store, EVENTS, b"rows");
        store.leave();
        store.lock().unwrap();
        assert_eq!(store.publish(&[file]).unwrap().as_deref(), Some(EVENTS));
        assert!(!open().has_stages_of_others().unwrap());
    });
}

// What is a bucket's own.

#[test]
fn answers_that_are_lost_change_nothing() {
    let writes = [
        Op::Put,
        Op::CreateUpload,
        Op::UploadPart,
        Op::CompleteUpload,
        Op::Delete,
    ];
    let faults = [
        Fault::LoseAnswer,
        Fault::Deny(500, "InternalError"),
        Fault::Say(503, "SlowDown"),
        Fault::Say(500, "InternalError"),
        Fault::Say(409, "ConditionalRequestConflict"),
    ];
    let (s3, content) = (S3Double::start(), content(2));
    let store = bucket(&s3);
    for (op, fault) in writes
        .iter()
        .flat_map(|op| faults.iter().map(move |f| (*op, f)))
    {
        s3.fail(op, "", 1, fault.clone());
        let is_new = store.create(ENTRY, b"one").unwrap();
        let may_meet_itself = op == Op::Put && matches!(fault, Fault::LoseAnswer | Fault::Deny(..));
        assert_eq!(is_new, !may_meet_itself, "{op:?} {fault:?}");
        assert_eq!(store.read(ENTRY).unwrap().unwrap(), "one");
        let file = staged(&*store, EVENTS, &content);
        assert_eq!(store.publish(&[file]).unwrap(), None, "{op:?} {fault:?}");
        assert_eq!(s3.objects("out", "tables/")[EVENTS], content);
        store
            .remove(&[EVENTS.to_owned(), ENTRY.to_owned()])
            .unwrap();
        assert!(s3.objects("out", "").is_empty(), "{op:?} {fault:?}");
        store.sweep_all().unwrap();
        assert!(
            s3.open_uploads().is_empty(),
            "an upload that was begun twice"
        );
    }
}

#[test]
fn faults_of_reading_pass_too() {
    let (s3, content) = (S3Double::start(), content(1));
    let store = bucket(&s3);
    let file = staged(&*store, EVENTS, &content);
    store.publish(&[file]).unwrap();
    for (op, fault) in [
        (Op::Get, Fault::Cut(1_000)),
        (Op::Get, Fault::Say(503, "SlowDown")),
        (Op::Head, Fault::Say(500, "InternalError")),
        (Op::List, Fault::Say(503, "SlowDown")),
        (Op::ListUploads, Fault::LoseAnswer),
    ] {
        s3.fail(op, "", 2, fault);
        let read = store.open(EVENTS).unwrap();
        assert_eq!(read.read_at(7, 100_000).unwrap(), content[7..100_007]);
        assert!(store.holds_data().unwrap());
        assert!(!store.has_stages_of_others().unwrap());
    }
}

#[test]
fn a_second_completion_may_be_answered_in_any_way() {
    for again in [Again::Done, Again::NoSuchUpload, Again::InternalError] {
        let s3 = S3Double::start();
        s3.answer_again(again);
        let store = bucket(&s3);
        let file = staged(&*store, EVENTS, b"rows");
        s3.fail(Op::CompleteUpload, "", 1, Fault::LoseAnswer);
        // The look after it does not get through at once either.
        s3.fail(Op::Head, EVENTS, 3, Fault::Say(503, "SlowDown"));
        let files = [file];
        assert_eq!(store.publish(&files).unwrap(), None, "{again:?}");
        // What was published and taken away again is lost, whatever the server says.
        store.remove(&[EVENTS.to_owned()]).unwrap();
        let lost = store.publish(&files).unwrap();
        assert_eq!(lost.as_deref(), Some(EVENTS), "{again:?}");
    }
}

#[test]
fn a_file_that_only_cannot_be_published_now_is_not_lost() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    let file = staged(&*store, EVENTS, b"rows");
    s3.fail(Op::CompleteUpload, "", 99, Fault::Say(500, "InternalError"));
    let error = store.publish(&[file]).unwrap_err().to_string();
    assert!(
        error.contains(&format!("refused to write s3://out/tables/{EVENTS}")),
        "{error}"
    );
    assert_eq!(s3.open_uploads().len(), 1);
}

#[test]
fn events_come_first_and_objects_last() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    let paths = (1..=20).map(|day| format!("events/event_date=2026-08-{day:02}/a.parquet"));
    let paths: Vec<String> = paths.chain([OBJECTS.to_owned()]).collect();
    let files: Vec<_> = paths
        .iter()
        .map(|path| staged(&*store, path, b"rows"))
        .collect();
    s3.take_log();
    store.publish(&files).unwrap();
    let completed = s3.take_log().into_iter();
    let mut completed = completed.filter(|(op, _)| *op == Op::CompleteUpload);
    let last = completed.next_back().unwrap().1;
    assert_eq!(last, format!("tables/{OBJECTS}"));
    assert_eq!(s3.objects("out", "tables/").len(), 21);
}

#[test]
fn no_more_parts_are_under_way_than_there_is_room_for() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    let gate = s3.hold_from(2); // the first begins the upload
    let mut stage = store.stage(EVENTS).unwrap();
    let content = content(7);
    let writer = std::thread::spawn(move || {
        stage.write_all(&content).unwrap();
        (stage.finish().unwrap(), content)
    });
    gate.wait_reached();
    std::thread::sleep(Duration::from_millis(300));
    let sent = s3.take_requests(Op::UploadPart);
    assert_eq!(sent, trailmill::limits::S3_PARTS_IN_FLIGHT as u64);
    assert!(!writer.is_finished(), "it waits");
    s3.go_on();
    let (upload, content) = writer.join().unwrap();
    assert_eq!(upload.as_ref().unwrap().parts.len(), 7);
    let file = file(EVENTS, content.len(), upload);
    assert_eq!(store.publish(&[file]).unwrap(), None);
    assert_eq!(s3.objects("out", "tables/")[EVENTS], content);
}

#[test]
fn an_upload_that_somebody_swept_says_so() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    let mut stage = store.stage(EVENTS).unwrap();
    assert!(bucket(&s3).has_stages_of_others().unwrap());
    assert!(!store.has_stages_of_others().unwrap());
    bucket(&s3).sweep_all().unwrap();
    stage.write_all(b"rows").unwrap();
    let error = stage.finish().unwrap_err();
    assert!(matches!(error, SinkError::Overtaken(_)), "{error}");
}

#[test]
fn an_upload_that_was_begun_after_the_claim_is_not_swept() {
    let s3 = S3Double::start();
    staged(&*bucket(&s3), EVENTS, b"rows");
    let store = bucket(&s3);
    assert!(store.has_stages_of_others().unwrap());
    // Here the claim is appended, and somebody comes who has read it.
    staged(&*bucket(&s3), OBJECTS, b"rows");
    store.sweep_all().unwrap();
    assert_eq!(s3.open_uploads(), [format!("tables/{OBJECTS}")]);
}

#[test]
fn a_part_that_cannot_be_sent_fails_the_file() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    s3.fail(Op::UploadPart, "", 99, Fault::Say(403, "AccessDenied"));
    let mut stage = store.stage(EVENTS).unwrap();
    let written = stage.write_all(&content(9));
    let error = match written {
        Err(error) => error.to_string(),
        Ok(()) => stage.finish().unwrap_err().to_string(),
    };
    assert!(error.contains("s3:PutObject"), "{error}");
}

#[test]
fn uploads_of_others_to_the_bucket_are_left_alone() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    for day in 1..=7 {
        let path = format!("events/event_date=2026-08-{day:02}/a.parquet");
        staged(&*store, &path, b"rows");
    }
    // Not a file of ours, and not below the prefix.
    staged(&*store, "backup.tar", b"rows");
    let aws = AwsOptions {
        endpoint_url: Some(s3.url().to_owned()),
        no_sign_request: true,
        ..AwsOptions::default()
    };
    let other = Bucket::new("s3://out/tables-2", &aws, WriteOptions::default()).unwrap();
    staged(&other, EVENTS, b"rows");
    bucket(&s3).sweep_all().unwrap();
    let left = [
        "tables-2/".to_owned() + EVENTS,
        "tables/backup.tar".to_owned(),
    ];
    assert_eq!(s3.open_uploads(), left);
    store.sweep_own().unwrap();
    assert_eq!(s3.open_uploads(), left[..1]);
}

#[test]
fn a_bucket_that_overwrites_is_refused_unless_there_is_one_writer() {
    let s3 = S3Double::start();
    s3.ignore_conditions();
    let error = bucket(&s3).probe().unwrap_err();
    assert!(matches!(error, SinkError::Overwrites(_)), "{error}");
    assert!(s3.objects("out", "").is_empty(), "nothing is left of it");

    let alone = WriteOptions {
        single_writer: true,
        ..WriteOptions::default()
    };
    let store = bucket_with(&s3, alone);
    store.probe().unwrap();
    assert!(store.create(ENTRY, b"one").unwrap());
    assert!(!store.create(ENTRY, b"two").unwrap(), "it looks first");
    assert_eq!(store.read(ENTRY).unwrap().unwrap(), "one");

    let s3 = S3Double::start();
    s3.fail(Op::Put, "", 1, Fault::Say(501, "NotImplemented"));
    let error = bucket(&s3).probe().unwrap_err();
    assert!(matches!(error, SinkError::Overwrites(_)), "{error}");
}

#[test]
fn a_bucket_whose_probe_is_swept_by_another_writer_is_not_refused() {
    let s3 = S3Double::start();
    let (store, other) = (bucket(&s3), bucket(&s3));
    let gate = Arc::<Gate>::default();
    s3.skip(Op::Put, "", 1);
    s3.fail(Op::Put, "", 1, Fault::Wait(Arc::clone(&gate)));
    std::thread::scope(|scope| {
        let probed = scope.spawn(|| store.probe());
        gate.wait_reached();
        other.probe().unwrap();
        gate.open();
        probed.join().unwrap().unwrap();
    });
    assert!(s3.objects("out", "").is_empty());
}

#[test]
fn the_mark_of_an_empty_folder_is_no_data() {
    let s3 = S3Double::start();
    s3.put("out", "tables/", "");
    s3.put("out", "tables-of-others/x.parquet", "rows");
    assert!(!bucket(&s3).holds_data().unwrap());
    s3.put("out", "tables/readme.txt", "rows");
    assert!(bucket(&s3).holds_data().unwrap());
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    s3.put("out", &format!("tables/{EVENTS}"), "rows");
    let read = store.open(EVENTS).unwrap();
    s3.put("out", &format!("tables/{EVENTS}"), "cows");
    let error = read.read_at(0, 4).unwrap_err().to_string();
    assert!(error.contains("has changed while it was read"), "{error}");
    let error = store.open(OBJECTS).unwrap_err().to_string();
    assert!(error.contains("is not there"), "{error}");
}

#[test]
fn what_is_denied_names_the_permission() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    staged(&*store, EVENTS, b"rows");
    let check = |op: Op, needs: &str, ask: &dyn Fn() -> Result<(), SinkError>| {
        s3.fail(op, "", 1, Fault::Say(403, "AccessDenied"));
        let error = ask().unwrap_err().to_string();
        assert!(
            error.contains(&format!("they need {needs} on arn:aws:s3:::out")),
            "{error}"
        );
        assert!(!error.contains('\n'));
    };
    check(Op::Put, "s3:PutObject", &|| {
        store.create(ENTRY, b"").map(drop)
    });
    check(Op::CreateUpload, "s3:PutObject", &|| {
        store.stage(EVENTS).map(drop)
    });
    check(Op::Get, "s3:GetObject", &|| store.read(ENTRY).map(drop));
    check(Op::Head, "s3:GetObject", &|| store.size(EVENTS).map(drop));
    check(Op::List, "s3:ListBucket", &|| store.holds_data().map(drop));
    check(Op::Delete, "s3:DeleteObject", &|| {
        store.remove(&[EVENTS.to_owned()])
    });
    check(Op::ListUploads, "s3:ListBucketMultipartUploads", &|| {
        store.sweep_all()
    });
    check(Op::AbortUpload, "s3:AbortMultipartUpload", &|| {
        store.sweep_all()
    });
}

#[test]
fn every_object_is_written_as_was_asked() {
    let s3 = S3Double::start();
    let options = WriteOptions {
        sse: Some("aws:kms".to_owned()),
        sse_kms_key_id: Some("alias/logs".to_owned()),
        acl: Some("bucket-owner-full-control".to_owned()),
        single_writer: false,
    };
    let store = bucket_with(&s3, options);
    store.create(ENTRY, b"one").unwrap();
    staged(&*store, EVENTS, b"rows");
    let written = s3.take_written();
    assert_eq!(written.len(), 2);
    for written in written {
        assert_eq!(written.sse.as_deref(), Some("aws:kms"), "{written:?}");
        assert_eq!(
            written.kms_key_id.as_deref(),
            Some("alias/logs"),
            "{written:?}"
        );
        assert_eq!(written.acl.as_deref(), Some("bucket-owner-full-control"));
        assert_eq!(written.if_none_match, written.key.ends_with(ENTRY));
    }
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let s3 = S3Double::start();
    let store = bucket(&s3);
    s3.fail(Op::List, "", 1, Fault::Say(404, "NoSuchBucket"));
    let error = store.holds_data().unwrap_err().to_string();
    assert!(error.starts_with("S3 has no bucket out"), "{error}");
}
