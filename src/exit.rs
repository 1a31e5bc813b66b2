//! Exit codes, and which of them an error ends with. The README has the same as a table.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::aws::S3Error;
use crate::config::UsageError;
use crate::run::Interrupted;
use crate::sink::SinkError;
use crate::source::{self, FetchError, SourceError};
use crate::upkeep;
use crate::write::Stopped;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All done.
    Done,
    /// The run failed, and none of the others says how.
    Failed,
    /// The command line cannot be used.
    Usage,
    /// Done, and some records or objects could not be used; `rejects` and `objects` name them.
    Rejects,
    /// `verify` has found something wrong.
    Findings,
    /// The same command may well succeed later: busy, throttled, unreachable, out of space.
    TryAgain,
    /// It fails until somebody changes something: permissions, credentials, the place.
    Permanent,
    /// Interrupted by SIGINT or SIGTERM.
    Interrupted,
}

impl ExitStatus {
    /// Returns the exit code, as documented in the README.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejects => 3,
            Self::Findings => 4,
            Self::TryAgain => 75,
            Self::Permanent => 76,
            Self::Interrupted => 130,
        }
    }
}

/// Returns how the program ends with an error: as the first of its causes says that knows.
pub fn status_of(error: &(dyn Error + 'static)) -> ExitStatus {
    let mut known = causes(error).filter_map(of_cause);
    known.next().unwrap_or(ExitStatus::Failed)
}

/// Returns what can be done where the system said no, and its own words do not say so.
pub fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    causes(error).find_map(|cause| match of_io(cause.downcast_ref()?) {
        Refusal::NoSpace => Some(
            "make room there and run again; what was committed before is kept, and this run's rest is not seen",
        ),
        Refusal::ReadOnly => Some("choose a place that may be written, or have it made writable"),
        Refusal::TooManyFiles => Some("let the process open more files (ulimit -n 1024), and run again"),
        Refusal::Denied | Refusal::Other => None,
    })
}

/// Returns an error and what is behind it, also what an [`io::Error`] carries, which its own chain leaves out: Parquet's
/// writer hands on as such what the destination said.
pub fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let carried = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref());
        match carried {
            Some(carried) => Some(carried as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn of_cause(cause: &(dyn Error + 'static)) -> Option<ExitStatus> {
    if cause.is::<UsageError>() {
        Some(ExitStatus::Usage)
    } else if cause.is::<Interrupted>()
        || cause.is::<upkeep::Interrupted>()
        || cause.is::<Stopped>()
    {
        Some(ExitStatus::Interrupted)
    } else if let Some(error) = cause.downcast_ref::<SinkError>() {
        of_sink(error)
    } else if let Some(error) = cause.downcast_ref::<FetchError>() {
        of_fetch(error)
    } else if let Some(error) = cause.downcast_ref::<SourceError>() {
        of_source(error)
    } else if let Some(error) = cause.downcast_ref::<S3Error>() {
        Some(of_s3(error))
    } else {
        of_system(cause.downcast_ref()?)
    }
}

/// Nothing where a cause behind it decides.
fn of_sink(error: &SinkError) -> Option<ExitStatus> {
    match error {
        SinkError::Busy(_) | SinkError::Overtaken(_) | SinkError::Changed(_) => {
            Some(ExitStatus::TryAgain)
        }
        SinkError::NoLocks { .. }
        | SinkError::Overwrites(_)
        | SinkError::Missing(_)
        | SinkError::Lost { .. } => Some(ExitStatus::Permanent),
        SinkError::S3(error) => Some(of_s3(error)),
        SinkError::NotEmpty(_)
        | SinkError::NoDataset(_)
        | SinkError::Log { .. }
        | SinkError::Io { .. } => None,
    }
}

fn of_source(error: &SourceError) -> Option<ExitStatus> {
    match error {
        SourceError::S3(error) => Some(of_s3(error)),
        SourceError::Stopped => Some(ExitStatus::Interrupted),
        _ => None,
    }
}

/// What one object is not read for ends a run where none could be read.
fn of_fetch(error: &FetchError) -> Option<ExitStatus> {
    match error {
        FetchError::Throttled { .. } | FetchError::Transport { .. } => Some(ExitStatus::TryAgain),
        FetchError::Denied { .. } | FetchError::Archived => Some(ExitStatus::Permanent),
        FetchError::Refused { status, .. } => Some(of_status(*status)),
        FetchError::Source(error) => of_source(error),
        FetchError::Gone | FetchError::TooLarge { .. } | FetchError::Io(_) => None,
    }
}

fn of_s3(error: &S3Error) -> ExitStatus {
    match error {
        S3Error::ExpiredCredentials { .. }
        | S3Error::Unreachable { .. }
        | S3Error::Throttled { .. } => ExitStatus::TryAgain,
        S3Error::NoSuchBucket { .. }
        | S3Error::NoCredentials { .. }
        | S3Error::BadCredentials { .. }
        | S3Error::WrongClock { .. }
        | S3Error::Denied { .. }
        | S3Error::WrongRegion { .. }
        | S3Error::NotS3 { .. } => ExitStatus::Permanent,
        S3Error::Refused { status, .. } => of_status(*status),
        S3Error::Stopped => ExitStatus::Interrupted,
        S3Error::Runtime(error) => of_system(error).unwrap_or(ExitStatus::Failed),
        S3Error::BadAddress { .. } | S3Error::TooLarge { .. } | S3Error::BadRequest { .. } => {
            ExitStatus::Failed
        }
    }
}

/// What S3 refuses with a status that has no error of its own.
fn of_status(status: u16) -> ExitStatus {
    match status {
        501 | 505 => ExitStatus::Permanent, // it does not know the request, and will not tomorrow
        429 | 500.. => ExitStatus::TryAgain,
        _ => ExitStatus::Failed,
    }
}

fn of_system(error: &io::Error) -> Option<ExitStatus> {
    match of_io(error) {
        Refusal::NoSpace => Some(ExitStatus::TryAgain),
        Refusal::ReadOnly | Refusal::Denied | Refusal::TooManyFiles => Some(ExitStatus::Permanent),
        Refusal::Other => None,
    }
}

/// What the system refuses for.
enum Refusal {
    NoSpace,
    ReadOnly,
    Denied,
    TooManyFiles,
    Other,
}

fn of_io(error: &io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Refusal::NoSpace
        }
        ErrorKind::ReadOnlyFilesystem => Refusal::ReadOnly,
        ErrorKind::PermissionDenied => Refusal::Denied,
        _ if source::is_too_many_open_files(error) => Refusal::TooManyFiles,
        _ => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};
    use parquet::errors::ParquetError;

    use super::*;

    fn s3(error: S3Error) -> anyhow::Error {
        SinkError::from(error).into()
    }

    fn system(kind: ErrorKind) -> anyhow::Error {
        let source = kind.into();
        let (verb, path) = ("write", "tables".to_owned());
        SinkError::Io { verb, path, source }.into()
    }

    fn refused(status: u16) -> anyhow::Error {
        s3(S3Error::Refused {
            action: "list".into(),
            status,
            code: "x".into(),
            message: String::new(),
        })
    }

    /// The README's table, class by class.
    #[test]
    fn how_each_class_of_failure_ends() {
        use ExitStatus::{Failed, Permanent, TryAgain, Usage};
        let text = String::new;
        let denied = |action: &str| S3Error::Denied {
            action: action.into(),
            code: text(),
            needs: text(),
        };
        let table = [
            // Of the way to S3.
            (s3(S3Error::Throttled { attempts: 9 }), TryAgain),
            (refused(500), TryAgain),
            (refused(502), TryAgain),
            (
                s3(S3Error::Unreachable {
                    endpoint: text(),
                    detail: text(),
                }),
                TryAgain,
            ),
            (s3(S3Error::ExpiredCredentials { detail: text() }), TryAgain),
            (s3(S3Error::NoCredentials { detail: text() }), Permanent),
            (s3(S3Error::BadCredentials { code: text() }), Permanent),
            (s3(S3Error::WrongClock { code: text() }), Permanent),
            (s3(denied("list")), Permanent),
            (SourceError::from(denied("list")).into(), Permanent),
            (s3(S3Error::NoSuchBucket { bucket: text() }), Permanent),
            (
                s3(S3Error::WrongRegion {
                    bucket: text(),
                    tried: text(),
                    found: None,
                }),
                Permanent,
            ),
            (
                s3(S3Error::NotS3 {
                    endpoint: text(),
                    detail: text(),
                }),
                Permanent,
            ),
            (refused(501), Permanent),
            (refused(400), Failed),
            (s3(S3Error::bad_address("s3://")), Failed),
            // Of objects, where none could be read.
            (FetchError::Throttled { attempts: 9 }.into(), TryAgain),
            (
                FetchError::Transport {
                    attempts: 6,
                    detail: text(),
                }
                .into(),
                TryAgain,
            ),
            (FetchError::Denied { code: text() }.into(), Permanent),
            (FetchError::Archived.into(), Permanent),
            (FetchError::Gone.into(), Failed),
            // Of the dataset.
            (SinkError::Busy(text()).into(), TryAgain),
            (SinkError::Overtaken(text()).into(), TryAgain),
            (SinkError::Changed(text()).into(), TryAgain),
            (SinkError::Overwrites(text()).into(), Permanent),
            (SinkError::Missing(text()).into(), Permanent),
            (SinkError::Lost { path: text() }.into(), Permanent),
            (SinkError::NotEmpty(text()).into(), Failed),
            // Of this machine.
            (system(ErrorKind::StorageFull), TryAgain),
            (system(ErrorKind::QuotaExceeded), TryAgain),
            (system(ErrorKind::ReadOnlyFilesystem), Permanent),
            (system(ErrorKind::PermissionDenied), Permanent),
            (system(ErrorKind::NotADirectory), Failed),
            // And the rest.
            (UsageError(text()).into(), Usage),
            (Interrupted::Early(text()).into(), ExitStatus::Interrupted),
            (Stopped.into(), ExitStatus::Interrupted),
            (s3(S3Error::Stopped), ExitStatus::Interrupted),
            (SourceError::Stopped.into(), ExitStatus::Interrupted),
            (anyhow!("the books do not balance"), Failed),
        ];
        for (error, status) in table {
            let error = error.context("do something");
            assert_eq!(status_of(error.as_ref()), status, "{error:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn too_many_open_files_are_told_by_their_number() {
        let error = anyhow::Error::new(io::Error::from_raw_os_error(24)).context("read scratch");
        assert_eq!(status_of(error.as_ref()), ExitStatus::Permanent);
        assert!(advice(error.as_ref()).expect("one").contains("ulimit -n"));
    }

    #[test]
    fn what_the_destination_says_through_parquet_s_writer_decides() {
        let cause = io::Error::other(SinkError::Overtaken("s3://b/tables".to_owned()));
        let error = Err::<(), _>(ParquetError::from(cause)).context("write events");
        let error = error.expect_err("one");
        assert_eq!(status_of(error.as_ref()), ExitStatus::TryAgain);
    }

    #[test]
    fn a_full_disk_is_told_however_deep_it_lies() {
        let cause = io::Error::other(SinkError::Io {
            verb: "write",
            path: "tables".to_owned(),
            source: ErrorKind::StorageFull.into(),
        });
        let error = Err::<(), _>(ParquetError::from(cause)).context("write events");
        let error = error.expect_err("one");
        assert_eq!(status_of(error.as_ref()), ExitStatus::TryAgain);
        assert!(advice(error.as_ref()).expect("one").contains("make room"));
    }
}
