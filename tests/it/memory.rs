//! `--memory` holds whatever the input is. Measured is what the system says that the process held at most.

use crate::support::{Bucket, Out, delivery_key, event};

/// What a run may hold beside `--memory 256MiB`: the program's own code, and what the allocator keeps.
const BOUND_BYTES: u64 = (256 + 64) << 20;

/// A record of numbers that fills what a record may have takes 20 times as much while it is parsed: four threads take turns.
#[test]
fn records_of_numbers_wait_for_each_other() {
    let bucket = Bucket::new();
    let numbers = "1,".repeat(2_000_000);
    for object in 0..4 {
        let parameters = format!(r#","additionalEventData":{{"a":[{numbers}{object}]}}"#);
        let records = [event(
            u64::from(object),
            "2026-08-03T01:00:00Z",
            &parameters,
        )];
        let key = delivery_key("111122223333", "us-east-1", "20260803T0000Z", object);
        bucket.deliver(&key, &records);
    }
    let out = Out::new();
    let args = [bucket.path(), "--memory", "256MiB", "--threads", "4"];
    let summary = out.run(&args).expect(0).summary();
    let peak = summary["peak_memory_bytes"].as_u64();
    assert!(peak.is_none_or(|bytes| bytes <= BOUND_BYTES), "{peak:?}");
    assert_eq!(summary["records"]["written"], 4);
}
