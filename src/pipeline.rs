//! Listed objects to sorted runs: a worker to a thread takes objects from the feed and mills them, until
//! none is left or the run is stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::budget::Room;
use crate::limits::OPEN_FILES_MIN;
use crate::mill::{Mill, Object, Options, Outcome};
use crate::plan::History;
use crate::sink::runs::Runs;
use crate::source::{Body, DeliveryObject, Feed, FetchError, Fetched};

/// How long a run that is to stop may take to end. Requests are given less (`sink/s3`), so that it ends in order where it can.
const STOP_MAX: Duration = Duration::from_millis(4_500);

/// What became of each object, by its number in the listing.
pub type Outcomes = BTreeMap<usize, Result<Read, FetchError>>;

/// An object that was read.
#[derive(Debug)]
pub struct Read {
    /// What the source says of it.
    pub fetched: Fetched,
    /// What the mill says of it.
    pub outcome: Outcome,
}

/// The objects of a feed, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// What was listed.
    pub objects: &'a [DeliveryObject],
    /// What earlier runs know of each.
    pub histories: &'a [History],
}

/// Mills every object that the feed gives, on all threads of the current rayon pool.
///
/// # Errors
///
/// Returns the first failure that concerns every object: scratch, credentials. One object that cannot be read is an
/// outcome.
pub fn run(
    feed: &Feed,
    listed: Listed<'_>,
    options: &Options,
    runs: &Runs,
    room: &Room,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Outcomes> {
    let outcomes = Mutex::new(Outcomes::new());
    let results = rayon::broadcast(|_| {
        let mut worker = Worker {
            feed,
            listed,
            mill: Mill::new(options, runs, room),
            ledger: Ledger {
                fetched: BTreeMap::new(),
                outcomes: &outcomes,
                progress,
            },
        };
        let outcome = worker.work().and_then(|()| worker.finish());
        if outcome.is_err() {
            stop.store(true, Ordering::Relaxed); // the others need not go on
        }
        outcome
    });
    results.into_iter().collect::<Result<()>>()?;
    Ok(outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner))
}

struct Worker<'r> {
    feed: &'r Feed,
    listed: Listed<'r>,
    mill: Mill<'r>,
    ledger: Ledger<'r>,
}

impl Worker<'_> {
    fn work(&mut self) -> Result<()> {
        let mut body = Body::default();
        while let Some((number, fetched)) = self.feed.next(&mut body) {
            match fetched {
                Ok(fetched) => {
                    let n_bytes = body.bytes().len() as u64;
                    self.ledger.fetched.insert(number, (fetched, n_bytes));
                    let (listed, history) =
                        (&self.listed.objects[number], &self.listed.histories[number]);
                    let object = object(number, listed, history);
                    let done = self.mill.object(object, body.lend());
                    for (number, outcome) in done.context("keep sorted rows")? {
                        self.ledger.read(number, outcome);
                    }
                }
                Err(error) if error.ends_run() => return Err(error.into()),
                Err(error) => self.ledger.failed(number, error),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        if let Some((number, outcome)) = self.mill.finish().context("keep sorted rows")? {
            self.ledger.read(number, outcome);
        }
        Ok(())
    }
}

/// Where a worker notes what becomes of objects.
struct Ledger<'r> {
    /// What the source said of those that the mill is not done with, and how many bytes they had.
    fetched: BTreeMap<usize, (Fetched, u64)>,
    outcomes: &'r Mutex<Outcomes>,
    progress: &'r Progress,
}

impl Ledger<'_> {
    fn read(&mut self, number: usize, outcome: Outcome) {
        let (fetched, n_bytes) = self
            .fetched
            .remove(&number)
            .expect("the mill is done with what it was given, once");
        self.progress.read(n_bytes, outcome.counts.records);
        self.note(number, Ok(Read { fetched, outcome }));
    }

    fn failed(&mut self, number: usize, error: FetchError) {
        self.progress.read(0, 0);
        self.note(number, Err(error));
    }

    fn note(&mut self, number: usize, outcome: Result<Read, FetchError>) {
        self.outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, outcome);
    }
}

fn object<'o>(number: usize, listed: &'o DeliveryObject, history: &'o History) -> Object<'o> {
    let key = listed.key();
    Object {
        number,
        source: &listed.source,
        source_object: &listed.object,
        delivery_time: listed.delivery_time,
        account: key.map(|key| key.account),
        region: key.map(|key| key.region),
        history,
    }
}

/// How far a run is, drawn on a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    objects: u64,
    objects_read: AtomicU64,
    records: AtomicU64,
}

impl Progress {
    /// Returns a bar over so many listed bytes and objects; hidden unless `is_drawn`.
    pub fn new(bytes: u64, objects: u64, is_drawn: bool) -> Self {
        let target = if is_drawn {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(bytes), target);
        let style = "{bar:24} {bytes}/{total_bytes}  {msg}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        if is_drawn {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self {
            bar,
            objects,
            objects_read: AtomicU64::new(0),
            records: AtomicU64::new(0),
        }
    }

    fn read(&self, bytes: u64, records: u64) {
        let objects = self.objects_read.fetch_add(1, Ordering::Relaxed) + 1;
        let records = self.records.fetch_add(records, Ordering::Relaxed) + records;
        if self.bar.is_hidden() {
            return;
        }
        self.bar.inc(bytes);
        let rate = records as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{objects}/{} objects  {rate:.0} events/s",
            self.objects
        ));
    }

    /// Goes on to the writing of tables.
    pub fn writing(&self) {
        self.bar.set_message("writing tables");
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Makes sure that a few files can be open at once: without, what waits for signals panics.
///
/// # Errors
///
/// Returns what the system says.
pub fn check_open_files() -> Result<()> {
    let open = |_| File::open("/dev/null");
    if cfg!(unix) {
        let opened: io::Result<Vec<File>> = (0..OPEN_FILES_MIN).map(open).collect();
        opened.with_context(|| format!("open {OPEN_FILES_MIN} files at once"))?;
    }
    Ok(())
}

/// Sets the flag at the first SIGINT or SIGTERM. A second ends the program at once; so does time, where something did not see the flag
/// (somebody who types keys, a disk that does not answer): `too_late` then says so. Wherever the program ends, the dataset is whole.
///
/// # Errors
///
/// Returns an error where the system does not let signals be caught.
pub fn stop_on_signal(
    stop: Arc<AtomicBool>,
    too_late: impl FnOnce() + Send + 'static,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("catch signals")?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::catch().context("catch signals")?
    };
    thread::spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            stop.store(true, Ordering::Relaxed);
            if timeout(STOP_MAX, signals.next()).await.is_err() {
                too_late();
            }
            #[expect(clippy::exit, reason = "somebody asks for just that")]
            std::process::exit(i32::from(crate::exit::ExitStatus::Interrupted.code()));
        });
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "it is not caught before it is waited for"
    )]
    fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
