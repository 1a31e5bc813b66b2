//! One object's bytes to rows of all tables: inflate, unwrap, parse, tag, append. Pure: what it makes is
//! handed to a [`Takes`], and what it cannot use is a reject.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use crate::budget::{Gate, Room};
use crate::limits;
use crate::mcp;
use crate::plan::History;
use crate::reject::{Reason, Reject};
use crate::select::{Selection, Subject};
use crate::table::chunk::{Chunk, Sorted};
use crate::table::objects::{Counts, Status};
use crate::table::origin::Origin;
use crate::table::rebuild::Rows;
use crate::table::{
    Table, aggregated_events, events, insights, mcp_events, mcp_links, rejects, sign_ins,
};
use crate::trail::hash::content_hash;
use crate::trail::inflate::{Broken, Inflater};
use crate::trail::json::{PARSE_BYTES_OF_BYTE, Parser, Value, parse_bytes};
use crate::trail::key::DeliveryKey;
use crate::trail::mend::{Mended, mend};
use crate::trail::record::{Field, Kind, Record};
use crate::trail::sha256::{ContentHashes, Sha256};
use crate::trail::time::{self, DAY};
use crate::trail::wrap::{self, Place, Visitor};
use crate::trail::{identity, resources, sign_in};

/// Takes sorted rows as they become many.
pub trait Takes {
    /// Takes rows of one table.
    ///
    /// # Errors
    ///
    /// Returns what storing them gave.
    fn take(&self, rows: Sorted) -> io::Result<()>;
}

/// What is made of records.
#[derive(Debug, Clone)]
pub struct Options {
    /// The events that are wanted.
    pub selection: Selection,
    /// The tables that are wanted, by name.
    pub tables: Vec<&'static str>,
    /// The day, in microseconds since 1970, that books are filed under where neither key nor events say one.
    pub run_day: i64,
}

impl Options {
    /// Returns true where a table is wanted.
    pub fn wants(&self, table: &Table) -> bool {
        self.tables.contains(&table.name)
    }
}

/// The object at hand.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Its number in this run.
    pub number: usize,
    /// Bucket or folder, with what stands before `AWSLogs/`.
    pub source: &'a str,
    /// From `AWSLogs/` on, where there is one.
    pub source_object: &'a str,
    /// When it was delivered, in microseconds since 1970, as its key says.
    pub delivery_time: Option<i64>,
    /// The account that its key says.
    pub account: Option<&'a str>,
    /// The region that its key says.
    pub region: Option<&'a str>,
    /// What earlier runs know of it.
    pub history: &'a History,
}

impl Object<'_> {
    /// Returns whether records of that time are left to an earlier reading, which has taken them.
    fn leaves(&self, time: i64) -> bool {
        !self.history.again && self.history.has_taken(time)
    }

    /// Returns whether its rejects stand in the books already.
    fn has_rejects_booked(&self) -> bool {
        !self.history.again && !self.history.taken.is_empty()
    }
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Done or corrupt.
    pub status: Status,
    /// What was wrong with it.
    pub detail: Option<String>,
    /// Its records: read, filtered, rejected. What is written and what is a duplicate is known after the merge.
    pub counts: Counts,
    /// The times of its first and last events, wanted or not.
    pub event_times: Option<(i64, i64)>,
    /// The day that its books are filed under.
    pub delivery_date: i64,
    /// SHA-256 of the inflated bytes.
    pub content_sha256: Sha256,
    /// Its rejects by reason, those of the object itself among them.
    pub reasons: BTreeMap<Reason, u64>,
    /// How many bytes it inflates to.
    pub inflated_bytes: u64,
}

/// Handles one object after another with the same memory: one to a thread.
pub struct Mill<'t> {
    inflater: Inflater<'t>,
    parser: Parser,
    parses: &'t Gate,
    tables: Tables<'t>,
    /// What became of the objects whose content is not hashed yet.
    hashes: ContentHashes<(usize, Outcome)>,
}

impl std::fmt::Debug for Mill<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mill").finish_non_exhaustive()
    }
}

impl<'t> Mill<'t> {
    /// Returns a mill that gives its rows to `out`, and has the room that it shares with others.
    pub fn new(options: &'t Options, out: &'t dyn Takes, room: &'t Room) -> Self {
        Self {
            inflater: Inflater::new(&room.objects),
            parser: Parser::keeping(room.parses.free_bytes()),
            parses: &room.parses,
            tables: Tables::new(options, out, room.chunk_bytes),
            hashes: ContentHashes::new(room.objects.free_bytes()),
        }
    }

    /// Makes rows of an object's bytes. A body that is owned goes as soon as it is inflated. Returns what became of objects, with their
    /// numbers, as far as it is known: content is hashed beside that of the next object, so this may be this object, the one that
    /// waited for it, both or none.
    ///
    /// # Errors
    ///
    /// Returns what storing rows gave; whatever the bytes are is no error.
    pub fn object<'b>(
        &mut self,
        object: Object<'_>,
        body: impl Into<Cow<'b, [u8]>>,
    ) -> io::Result<Vec<(usize, Outcome)>> {
        let body: Cow<'_, [u8]> = body.into();
        let (content, broken) = self.inflater.inflate(body);
        let mut pass = Pass {
            tables: &mut self.tables,
            object,
            parser: &mut self.parser,
            parses: self.parses,
            tally: Tally {
                has_rejects_booked: object.has_rejects_booked(),
                ..Tally::default()
            },
        };
        pass.content(&content, broken.as_ref());
        let tally = pass.tally;
        let outcome = self.tables.end_object(object, &content, tally)?;
        let hashed = self.hashes.add((object.number, outcome), content);
        self.inflater.give_back();
        Ok(hashed.map(with_hash).collect())
    }

    /// Makes rows of events again, which stand in their table.
    ///
    /// # Errors
    ///
    /// Returns what storing rows gave, and an error where a row gives no record.
    pub fn events(&mut self, rows: &Rows<'_>) -> io::Result<()> {
        for row in 0..rows.len() {
            let record = rows.record(row, row);
            let text = std::str::from_utf8(&record).map_err(io::Error::other)?;
            self.event(text, rows, row)
                .ok_or_else(|| no_record(rows, row))?;
            self.tables.grown(text.len())?;
        }
        Ok(())
    }

    /// Makes rows of one event; `None` where it is none.
    fn event(&mut self, text: &str, rows: &Rows<'_>, row: usize) -> Option<()> {
        let (source, source_object, source_index) = rows.place(row);
        let source_object = source_object?;
        let key = DeliveryKey::parse(source_object).ok();
        let origin = Origin {
            object: 0,
            source: source?,
            source_object,
            source_index: u32::try_from(source_index?).ok()?,
            delivery_time: key.map(|key| key.delivery_time),
            content_hash: rows.content_hash(row)?,
            mended: None,
        };
        let time = rows.subject(row)?.time;
        let Self {
            parser,
            parses,
            tables,
            ..
        } = self;
        let _permit = parses.enter(bytes_to_parse(text.as_bytes(), parses));
        let first = parser.parse(text, |root| {
            tables.event(&Record::new(root), time, &origin);
        });
        if first.is_ok() {
            return Some(());
        }
        let origin = Origin {
            mended: Some(text.as_bytes()),
            ..origin
        };
        let Mended { text, for_parser } = mend(text)?;
        let second = parser.parse_mended(&text, for_parser, |root| {
            tables.event(&Record::new(root), time, &origin);
        });
        second.ok()
    }

    /// Hands out the rows that are left, and returns what became of the object that is left.
    ///
    /// # Errors
    ///
    /// Returns what storing them gave.
    pub fn finish(mut self) -> io::Result<Option<(usize, Outcome)>> {
        self.tables.hand_out_all()?;
        Ok(self.hashes.finish().map(with_hash))
    }
}

fn with_hash(((number, outcome), content_sha256): ((usize, Outcome), Sha256)) -> (usize, Outcome) {
    let outcome = Outcome {
        content_sha256,
        ..outcome
    };
    (number, outcome)
}

/// The rows at hand, by table.
struct Tables<'t> {
    options: &'t Options,
    out: &'t dyn Takes,
    events: Chunk,
    mcp_events: Chunk,
    mcp_links: Chunk,
    sign_ins: Chunk,
    insights: Chunk,
    aggregated_events: Chunk,
    rejects: Chunk,
    wants_touched: bool,
    /// Rows of all tables are sorted and handed out when they take this much.
    bytes_max: usize,
    /// The same until it happens for the first time, which shows how much room each column needs.
    first_bytes_max: Option<usize>,
    /// Bytes of what became rows since that was looked at.
    fresh_bytes: usize,
    /// The first error of `out`: nothing more is made then.
    failed: Option<io::Error>,
}

impl<'t> Tables<'t> {
    fn new(options: &'t Options, out: &'t dyn Takes, bytes_max: usize) -> Self {
        Self {
            options,
            out,
            events: Chunk::new(&events::TABLE),
            mcp_events: Chunk::new(&mcp_events::TABLE),
            mcp_links: Chunk::new(&mcp_links::TABLE),
            sign_ins: Chunk::new(&sign_ins::TABLE),
            insights: Chunk::new(&insights::TABLE),
            aggregated_events: Chunk::new(&aggregated_events::TABLE),
            rejects: Chunk::new(&rejects::TABLE),
            wants_touched: options.wants(&crate::table::resource_activity::TABLE),
            bytes_max,
            first_bytes_max: Some(limits::FIRST_CHUNK_BYTES.min(bytes_max)),
            fresh_bytes: 0,
            failed: None,
        }
    }

    fn event(&mut self, record: &Record<'_>, time: i64, origin: &Origin<'_>) {
        let caller = identity::caller(record);
        let mcp = mcp::classify(record, &caller);
        let sign_in = sign_in::sign_in(record);
        let detail = mcp.as_ref().map(|mcp| mcp::detail(record, mcp));
        let found = events::Findings {
            time,
            caller,
            is_error: mcp::is_error(record, mcp.as_ref()),
            touched: if self.wants_touched {
                resources::touched(record)
            } else {
                Vec::new()
            },
            mcp,
        };
        events::append(&mut self.events, record, &found, origin);
        if let (Some(mcp), Some(detail)) = (&found.mcp, &detail) {
            mcp_events::append(&mut self.mcp_events, record, &found, mcp, detail, origin);
            let links = mcp::links(record, mcp);
            mcp_links::append(&mut self.mcp_links, record, &found, mcp, &links, origin);
        }
        if let Some(sign_in) = sign_in {
            sign_ins::append(&mut self.sign_ins, record, &found, &sign_in, origin);
        }
    }

    /// Closes an object's books; its content is not hashed yet.
    fn end_object(
        &mut self,
        object: Object<'_>,
        content: &[u8],
        tally: Tally,
    ) -> io::Result<Outcome> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let newest = tally.event_times.map(|(_, last)| last);
        let day = object
            .delivery_time
            .or(newest)
            .unwrap_or(self.options.run_day);
        let delivery_date = day.div_euclid(DAY) * DAY;
        for reject in &tally.rejects {
            let reject = reject.borrow(content);
            rejects::append(
                &mut self.rejects,
                delivery_date,
                object.source,
                object.source_object,
                &reject,
            );
            self.grown(reject.raw.len().min(limits::REJECT_RAW_BYTES_MAX))?;
        }
        let further = tally.reasons.values().sum::<u64>() - tally.rejects.len() as u64;
        if further > 0 {
            let reject = Reject {
                record_index: None,
                byte_offset: content.len() as u64,
                reason: Reason::TooManyRejects,
                detail: format!("{further} further rejects of this object have no row").into(),
                raw: b"",
            };
            rejects::append(
                &mut self.rejects,
                delivery_date,
                object.source,
                object.source_object,
                &reject,
            );
        }
        self.hand_out()?;
        Ok(Outcome {
            status: if tally.corrupt.is_some() {
                Status::Corrupt
            } else {
                Status::Done
            },
            detail: tally.corrupt,
            reasons: tally.reasons,
            counts: tally.counts,
            event_times: tally.event_times,
            delivery_date,
            content_sha256: Sha256::default(),
            inflated_bytes: content.len() as u64,
        })
    }

    /// Looks at the memory that rows take, now and then: one object can hold millions of them, and one record can have 4 MiB.
    fn grown(&mut self, bytes: usize) -> io::Result<()> {
        self.fresh_bytes += limits::ROW_BYTES_LEAST + bytes;
        if self.fresh_bytes < limits::ROWS_LOOKED_AT_BYTES {
            return Ok(());
        }
        self.hand_out()
    }

    /// As [`grown`](Self::grown), where an error has to wait for the end of the object.
    fn grown_by_record(&mut self, bytes: usize) {
        if let Err(error) = self.grown(bytes) {
            self.failed.get_or_insert(error);
        }
    }

    /// Hands out the rows of the largest tables, until those that are left take no more than they may.
    fn hand_out(&mut self) -> io::Result<()> {
        self.fresh_bytes = 0;
        loop {
            let bytes = self.chunks().map(|chunk| chunk.bytes());
            let all: usize = bytes.iter().sum();
            if all <= self.first_bytes_max.unwrap_or(self.bytes_max) {
                return Ok(());
            }
            self.first_bytes_max = None;
            let largest = bytes.iter().enumerate().max_by_key(|(_, bytes)| **bytes);
            let nth = largest.map_or(0, |(nth, _)| nth);
            // The others keep theirs.
            let room = (self.bytes_max + bytes[nth]).saturating_sub(all);
            self.hand_out_one(nth, |full| full.with_room_for(room))?;
        }
    }

    fn hand_out_all(&mut self) -> io::Result<()> {
        let last = |full: &Chunk| Chunk::new(full.table());
        (0..self.chunks().len()).try_for_each(|nth| self.hand_out_one(nth, last))
    }

    fn hand_out_one(&mut self, nth: usize, next: impl Fn(&Chunk) -> Chunk) -> io::Result<()> {
        let (out, options) = (self.out, self.options);
        let [.., chunk] = &mut self.chunks()[..=nth] else {
            unreachable!("there are tables")
        };
        if chunk.rows() == 0 {
            return Ok(());
        }
        let next = next(chunk);
        let full = std::mem::replace(*chunk, next);
        if options.wants(full.table()) {
            out.take(full.sort())?;
        }
        Ok(())
    }

    fn chunks(&mut self) -> [&mut Chunk; 7] {
        [
            &mut self.events,
            &mut self.mcp_events,
            &mut self.mcp_links,
            &mut self.sign_ins,
            &mut self.insights,
            &mut self.aggregated_events,
            &mut self.rejects,
        ]
    }
}

/// What is counted of an object while it is read.
#[derive(Debug, Default)]
struct Tally {
    counts: Counts,
    event_times: Option<(i64, i64)>,
    corrupt: Option<String>,
    reasons: BTreeMap<Reason, u64>,
    /// The first of them.
    rejects: Vec<Kept>,
    /// An earlier reading has written them.
    has_rejects_booked: bool,
}

/// A reject whose bytes stand in the object's content.
#[derive(Debug)]
struct Kept {
    record_index: Option<u32>,
    reason: Reason,
    detail: String,
    start: usize,
    end: usize,
}

impl Kept {
    fn borrow<'a>(&'a self, content: &'a [u8]) -> Reject<'a> {
        Reject {
            record_index: self.record_index,
            byte_offset: self.start as u64,
            reason: self.reason,
            detail: self.detail.as_str().into(),
            raw: content.get(self.start..self.end).unwrap_or_default(),
        }
    }
}

/// One object on its way through.
struct Pass<'p, 't> {
    tables: &'p mut Tables<'t>,
    object: Object<'p>,
    parser: &'p mut Parser,
    parses: &'p Gate,
    tally: Tally,
}

impl Pass<'_, '_> {
    fn content(&mut self, content: &[u8], broken: Option<&Broken>) {
        match self.batches(content) {
            Some(next) => wrap::unwrap_rest(content, next, broken.is_none(), self),
            None => wrap::unwrap(content, broken.is_none(), self),
        }
        if let Some(broken) = broken {
            self.reject(Reject {
                record_index: None,
                byte_offset: content.len() as u64,
                reason: broken.reason,
                detail: broken.detail.as_str().into(),
                raw: b"",
            });
        }
    }

    /// The usual object: `{"Records":[…]}`. Records that are sound and of usual size are parsed many at once, which is fastest, and so few
    /// that text and tape stay in the cache. Returns where the first record stands that is not, or the end of the array; `None` for any
    /// other object.
    fn batches(&mut self, content: &[u8]) -> Option<Place> {
        const BEGIN: &[u8] = b"{\"Records\":[";
        let mut start = content.starts_with(BEGIN).then_some(BEGIN.len())?;
        let mut index = 0;
        while let Some(end) = wrap::batch_end(content, start) {
            let Some(n_records) = self.batch(content, start..end, index) else {
                break;
            };
            index += n_records;
            start = end + usize::from(content[end] == b',');
            if start == end {
                break;
            }
        }
        Some(Place {
            index,
            offset: start as u64,
        })
    }

    /// The records between two brackets or commas. Returns how many there are; `None`, having done nothing, where one of them is not
    /// sound or is large.
    fn batch(&mut self, content: &[u8], range: Range<usize>, first: u32) -> Option<u32> {
        let before = range.start - 1;
        let text = simdutf8::basic::from_utf8(&content[before..=range.end]).ok()?;
        let bytes = bytes_to_parse(text.as_bytes(), self.parses);
        if bytes > limits::BATCH_PARSE_BYTES_MAX {
            return None;
        }
        let Self {
            tables,
            object,
            parser,
            parses,
            tally,
        } = self;
        let _permit = parses.enter(bytes);
        let taken = parser.parse_elements(text, |root| {
            let records = usual_records(root)?;
            let n_records = u32::try_from(records.len()).ok()?;
            for (index, value) in (first..).zip(records) {
                let (start, length) = (before + value.start(), value.raw().len());
                let place = Place {
                    index,
                    offset: start as u64,
                };
                match record(tables, *object, tally, place, value, None) {
                    Ok(()) => tables.grown_by_record(length),
                    Err((reason, detail)) => {
                        tally.reject(Some(index), reason, detail, start..start + length);
                    }
                }
            }
            Some(n_records)
        });
        taken.ok().flatten()
    }
}

/// The records of an array, if each is an object with a member and of usual size.
fn usual_records(array: Value<'_>) -> Option<Vec<Value<'_>>> {
    let is_usual = |record: &Value<'_>| record.raw().len() <= limits::USUAL_RECORD_BYTES_MAX;
    array
        .objects()
        .filter(|records| records.iter().all(is_usual))
}

impl Visitor for Pass<'_, '_> {
    fn record(&mut self, place: Place, bytes: &[u8]) -> Result<(), (Reason, String)> {
        let _permit = self.parses.enter(bytes_to_mill(bytes, self.parses));
        let outcome = self.one_record(place, bytes);
        // What parsing took is free by now.
        self.tables.grown_by_record(bytes.len());
        outcome
    }

    fn reject(&mut self, reject: Reject<'_>) {
        let start = usize::try_from(reject.byte_offset).unwrap_or(usize::MAX);
        if reject.record_index.is_none() || reject.reason == Reason::Truncated {
            self.tally.corrupt = Some(format!("{}: {}", reject.reason.name(), reject.detail));
        }
        let end = start.saturating_add(reject.raw.len());
        self.tally.reject(
            reject.record_index,
            reject.reason,
            reject.detail.into_owned(),
            start..end,
        );
    }
}

impl Pass<'_, '_> {
    fn one_record(&mut self, place: Place, bytes: &[u8]) -> Result<(), (Reason, String)> {
        let text = std::str::from_utf8(bytes).map_err(|e| (Reason::InvalidUtf8, e.to_string()))?;
        let Self {
            tables,
            object,
            parser,
            tally,
            ..
        } = self;
        let first = parser.parse(text, |root| {
            record(tables, *object, tally, place, root, None)
        });
        let error = match first {
            Ok(outcome) => return outcome,
            Err(error) => error,
        };
        if matches!(error.error(), simd_json::ErrorType::DepthLimitExceeded) {
            return Err((
                Reason::TooDeep,
                format!("nested deeper than {}", limits::JSON_DEPTH_MAX),
            ));
        }
        if let Some(Mended { text, for_parser }) = mend(text) {
            let second = parser.parse_mended(&text, for_parser, |root| {
                record(tables, *object, tally, place, root, Some(bytes))
            });
            if let Ok(outcome) = second {
                return outcome;
            }
        }
        Err((
            Reason::InvalidJson,
            format!(
                "at byte {} of the record: {}",
                error.index(),
                describe(&error)
            ),
        ))
    }
}

impl Tally {
    fn reject(
        &mut self,
        record_index: Option<u32>,
        reason: Reason,
        detail: String,
        range: Range<usize>,
    ) {
        self.counts.records += u64::from(record_index.is_some());
        if self.has_rejects_booked {
            self.counts.read_before += u64::from(record_index.is_some());
            return;
        }
        self.counts.rejected += u64::from(record_index.is_some());
        *self.reasons.entry(reason).or_default() += 1;
        if self.rejects.len() < limits::REJECTS_PER_OBJECT_MAX {
            self.rejects.push(Kept {
                record_index,
                reason,
                detail,
                start: range.start,
                end: range.end,
            });
        }
    }
}

fn no_record(rows: &Rows<'_>, row: usize) -> io::Error {
    let (source, object, index) = rows.place(row);
    let what = format!(
        "the row of record {} of {}{} gives no record: the file was changed (see trailmill verify)",
        index.unwrap_or_default(),
        source.unwrap_or_default(),
        object.unwrap_or_default()
    );
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What parsing a text may take: of one that is free anyway, what the worst of its length would.
fn bytes_to_parse(text: &[u8], gate: &Gate) -> usize {
    let most = PARSE_BYTES_OF_BYTE * text.len();
    if most <= gate.free_bytes() {
        most
    } else {
        parse_bytes(text)
    }
}

/// What a record takes until its rows are handed out. Rows of usual ones are few beside those that are gathered.
fn bytes_to_mill(record: &[u8], gate: &Gate) -> usize {
    let rows = if record.len() > limits::USUAL_RECORD_BYTES_MAX {
        limits::ROW_BYTES_OF_BYTE * record.len()
    } else {
        0
    };
    rows + bytes_to_parse(record, gate)
}

fn describe(error: &simd_json::Error) -> String {
    let kind = format!("{:?}", error.error());
    kind.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// One record to the tables.
fn record(
    tables: &mut Tables<'_>,
    object: Object<'_>,
    tally: &mut Tally,
    place: Place,
    value: Value<'_>,
    mended: Option<&[u8]>,
) -> Result<(), (Reason, String)> {
    let record = Record::new(value);
    let kind = record.kind();
    let time = match kind {
        Kind::Event | Kind::Insight => record.str(Field::EventTime).and_then(time::parse),
        Kind::Aggregated => aggregated_events::window_start(&record),
    };
    let Some(time) = time else {
        return Err(without_time(&record));
    };
    tally.counts.records += 1;
    let (first, last) = tally.event_times.unwrap_or((time, time));
    tally.event_times = Some((first.min(time), last.max(time)));
    let own_account = || {
        record
            .str(Field::RecipientAccountId)
            .or(record.str(Field::AccountId))
    };
    let subject = Subject {
        time,
        account: object.account.or_else(own_account),
        region: object.region.or_else(|| record.str(Field::AwsRegion)),
        source: record.str(Field::EventSource),
        name: record.str(Field::EventName),
    };
    let table = match kind {
        Kind::Event => &events::TABLE,
        Kind::Insight => &insights::TABLE,
        Kind::Aggregated => &aggregated_events::TABLE,
    };
    if !tables.options.selection.wants(&subject) || !tables.options.wants(table) {
        tally.counts.filtered += 1;
        return Ok(());
    }
    if object.leaves(time) {
        tally.counts.read_before += 1;
        return Ok(());
    }
    let raw = value.raw();
    let origin = Origin {
        object: object.number,
        source: object.source,
        source_object: object.source_object,
        source_index: place.index,
        delivery_time: object.delivery_time,
        content_hash: content_hash(mended.unwrap_or(raw.as_bytes())),
        mended,
    };
    match kind {
        Kind::Event => tables.event(&record, time, &origin),
        Kind::Insight => insights::append(&mut tables.insights, &record, time, &origin),
        Kind::Aggregated => {
            aggregated_events::append(&mut tables.aggregated_events, &record, time, &origin);
        }
    }
    Ok(())
}

fn without_time(record: &Record<'_>) -> (Reason, String) {
    if !record.looks_like_cloudtrail() {
        return (
            Reason::NotCloudtrail,
            "nothing in this object is a CloudTrail record's".to_owned(),
        );
    }
    let (name, value) = match record.kind() {
        Kind::Aggregated => (
            "timeWindow.windowStart",
            record.path(Field::TimeWindow, &["windowStart"]),
        ),
        Kind::Event | Kind::Insight => ("eventTime", record.get(Field::EventTime)),
    };
    let found = value.map_or("is missing".to_owned(), |value| {
        let shown: String = value.raw().chars().take(60).collect();
        format!("is no time: {shown}")
    });
    (Reason::NoEventTime, format!("{name} {found}"))
}
