//! What a run did, for Prometheus: a file in the text format (<https://prometheus.io/docs/instrumenting/exposition_formats>), for the
//! textfile collector of its node exporter.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::summary::Summary;
use crate::trail::time::SECOND;

/// The one metric that is told apart by reason.
const RETRIED: &str = "requests_retried";

/// Writes the metrics of a run that has just ended, whole or not at all. Of one that failed there is no summary.
///
/// # Errors
///
/// Returns what the file system says.
pub fn write(path: &Path, summary: Option<&Summary>, exit_code: u8, now: i64) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp"); // the collector reads *.prom
    fs::write(&temporary, text(summary, exit_code, now))?;
    fs::rename(&temporary, path)
}

/// Returns the metrics as text.
fn text(summary: Option<&Summary>, exit_code: u8, now: i64) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(&str, f64)]| {
        let _ = writeln!(text, "# HELP trailmill_run_{name} {help}");
        let _ = writeln!(text, "# TYPE trailmill_run_{name} gauge");
        let label_name = if name == RETRIED { "reason" } else { "outcome" };
        for (value_of_label, value) in values {
            let label = if value_of_label.is_empty() {
                String::new()
            } else {
                format!("{{{label_name}=\"{value_of_label}\"}}")
            };
            let _ = writeln!(text, "trailmill_run_{name}{label} {value}");
        }
    };
    gauge(
        "end_timestamp_seconds",
        "When the last run ended, in seconds since 1970.",
        &[("", now as f64 / SECOND as f64)],
    );
    gauge(
        "exit_code",
        "How the last run ended: 0 all done, 3 done with something that could not be used, else it failed.",
        &[("", f64::from(exit_code))],
    );
    let Some(summary) = summary else {
        return text;
    };
    let (o, r) = (&summary.objects, &summary.records);
    gauge(
        "duration_seconds",
        "How long the last run took.",
        &[("", summary.seconds)],
    );
    gauge(
        "objects",
        "Delivery objects that the last run listed, by what became of them.",
        &[
            ("read", o.read as f64),
            ("read_before", o.skipped as f64),
            ("filtered", o.filtered as f64),
            ("digest", o.digest as f64),
            ("foreign", o.foreign as f64),
            ("failed", o.failed as f64),
        ],
    );
    gauge(
        "records",
        "Records that the last run read, by what became of them.",
        &[
            ("written", r.written as f64),
            ("duplicate", r.duplicates as f64),
            ("filtered", r.filtered as f64),
            ("rejected", r.rejected as f64),
            ("read_before", r.read_before as f64),
        ],
    );
    let retried = summary.requests.retried.by_reason();
    gauge(
        RETRIED,
        "Requests to S3 that the last run made again, by reason.",
        &retried.map(|(reason, n)| (reason, n as f64)),
    );
    gauge(
        "commits",
        "Commits that the last run added.",
        &[("", summary.commits.len() as f64)],
    );
    gauge(
        "object_bytes",
        "Bytes of the objects that the last run read, as stored.",
        &[("", summary.object_bytes as f64)],
    );
    if let Some(bytes) = summary.peak_memory_bytes {
        gauge(
            "peak_memory_bytes",
            "The most memory that the last run held.",
            &[("", bytes as f64)],
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_says_when_and_how() {
        let text = text(None, 75, 1_500_000);
        let values: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            values,
            [
                "trailmill_run_end_timestamp_seconds 1.5",
                "trailmill_run_exit_code 75"
            ]
        );
    }

    #[test]
    fn every_metric_is_explained_once() {
        let summary = Summary {
            peak_memory_bytes: Some(1),
            ..Summary::default()
        };
        let text = text(Some(&summary), 0, 0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().expect("a name");
            for comment in ["HELP", "TYPE"] {
                let start = format!("# {comment} {name} ");
                assert_eq!(text.matches(&start).count(), 1, "{start}");
            }
        }
        assert!(text.contains("trailmill_run_objects{outcome=\"read_before\"} 0\n"));
        assert!(text.contains("trailmill_run_requests_retried{reason=\"throttled\"} 0\n"));
    }
}
