//! Which `ListObjectsV2` requests find every delivery object below a prefix: as few as can be, and many at once.
//! Pure: it gives requests and takes their pages.
//!
//! A page holds 1,000 keys, and the next page of the same listing cannot be asked for before the last has come. So a flat
//! listing of everything costs the fewest requests and takes the longest, and a listing of each day is fast and, at some
//! hundred keys a day, costs several times as many. The walk goes between:
//!
//! 1. *Above `AWSLogs/`* it lists folder by folder (`delimiter=/`) until it finds one, wherever it is, at the cost of at most
//!    [`SEARCH_LISTS_MAX`] requests. Where there is none, what it came upon is a loose pile; what the search left is listed flat.
//! 2. *Accounts* (and `o-…` above them) are told by one delimited listing, and then listed in parallel: flat, because most
//!    have a few thousand keys. One that goes on after [`FLAT_PAGES`] pages is split into its families, they into regions.
//!    Where the selection cuts days or regions, families and regions are told by delimited listings from the start,
//!    so that no page is spent on what nobody wants.
//! 3. *A region* is listed flat, from the first wanted day (`start-after`) to the last. One that goes on after
//!    [`SPLIT_PAGES`] pages is split at months, or at days where its end is known, into parts of at least about as many
//!    pages each: a part costs half a page more on average, so a split costs some 3 %.
//!
//! A million keys of 20 accounts, 4 regions and 90 days so take 1,082 requests, at most 33 of them one after the other.
//!
//! A folder of another service is listed flat up to [`FOREIGN_PAGES_MAX`] pages, only to be counted.
//! Parts of a listing are intervals of keys, open below and closed above, that meet without a gap: no key is lost or
//! seen twice, wherever the splits fall.

use super::error::SourceError;
use super::finds::{Find, Finds, Root};
use super::object::{ETag, join};
use crate::limits::{FOREIGN_PAGES_MAX, SEARCH_LISTS_MAX};
use crate::trail::key::{self, DeliveryKey, Family, Place};
use crate::trail::time::{self, DAY};

/// Pages of a flat account or family before it is split.
const FLAT_PAGES: u32 = 8;
/// Pages of a region or part of one before it is split, and what a part should have at least.
const SPLIT_PAGES: u32 = 16;
/// Pages a month from which on months are worth their own requests.
const MONTH_PAGES: i64 = 8;
/// Parts that days are split into at once; each can be split again.
const PARTS_MAX: i64 = 64;
/// Sorts behind every key of a folder.
const END: char = '\u{10ffff}';

/// One `ListObjectsV2` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListRequest<'t> {
    pub(super) prefix: &'t str,
    /// Whether folders are told by `delimiter=/`, and not what is in them.
    pub(super) delimited: bool,
    pub(super) start_after: Option<&'t str>,
    /// Where the last page ended, in the server's words.
    pub(super) token: Option<&'t str>,
}

/// A key in a page.
#[derive(Debug)]
pub(super) struct ListedKey {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: Option<ETag>,
    pub(super) archived: bool,
}

/// The answer to a [`ListRequest`].
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) keys: Vec<ListedKey>,
    /// Common prefixes.
    pub(super) folders: Vec<String>,
    pub(super) next: Option<String>,
}

impl Page {
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.folders.is_empty()
    }
}

/// What a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Folder by folder, to find `AWSLogs/`.
    Search,
    /// Is the prefix a key, or the start of several?
    Ambiguous,
    /// The folders of one level below `AWSLogs/`, each of which becomes a task.
    Folders,
    /// An account, or one of its families, with all that is in it.
    Flat,
    /// Days of a region.
    Days,
    /// What years a region has, to look for their months.
    Years(Vec<String>),
    /// What months a region has, to split it at them; the years are still to be looked into.
    Months {
        years: Vec<String>,
        months: Vec<String>,
    },
    /// Another service's folder.
    Foreign,
    /// A pile that is too wide to be searched by folder.
    Loose,
}

/// A listing under way: some pages of one prefix.
#[derive(Debug, Clone)]
pub(super) struct Task {
    kind: Kind,
    prefix: String,
    /// Only keys behind this one.
    after: Option<String>,
    /// Only keys up to this one.
    until: Option<String>,
    /// About where `until` is in time, or where the keys will end: a day folder that is not in any more.
    end_day: Option<i64>,
    token: Option<String>,
    pages: u32,
    /// The delivery time of the first key.
    since: Option<i64>,
    /// Whether nobody knows yet that there is anything.
    doubtful: bool,
}

impl Task {
    fn new(kind: Kind, prefix: &str) -> Self {
        Self {
            kind,
            prefix: prefix.to_owned(),
            after: None,
            until: None,
            end_day: None,
            token: None,
            pages: 0,
            since: None,
            doubtful: false,
        }
    }

    /// The request for the next page.
    pub(super) fn request(&self) -> ListRequest<'_> {
        let delimited = !matches!(
            self.kind,
            Kind::Flat | Kind::Days | Kind::Foreign | Kind::Loose
        );
        let prefix = match &self.kind {
            Kind::Months { years, .. } => years.last().unwrap_or(&self.prefix),
            _ => &self.prefix,
        };
        // Servers differ in what start-after means for folders: there, what is too early is dropped when it comes.
        let start_after = self
            .after
            .as_deref()
            .filter(|_| !delimited && self.token.is_none());
        ListRequest {
            prefix,
            delimited,
            start_after,
            token: self.token.as_deref(),
        }
    }
}

/// The walk of one prefix of one bucket.
#[derive(Debug)]
pub(super) struct Walk {
    root: Root,
    /// The prefix as it was given.
    given: String,
    queue: Vec<Task>,
    /// Searches beyond what may be spent on them.
    put_aside: Vec<Task>,
    searches: u64,
}

impl Walk {
    /// Starts a walk of what lies below `prefix`: a folder with or without its slash, the start of some keys, or one key.
    pub(super) fn new(bucket: &str, prefix: &str, finds: &Finds<'_>) -> Self {
        let mut walk = Self {
            root: Root::outside(&format!("s3://{bucket}")),
            given: prefix.to_owned(),
            queue: Vec::new(),
            put_aside: Vec::new(),
            searches: 0,
        };
        let folder = if prefix.is_empty() || prefix.ends_with('/') {
            prefix
        } else {
            &format!("{prefix}/")
        };
        match task_of(&walk.root, folder, finds) {
            Some(task) => walk.queue.push(Task {
                doubtful: !prefix.is_empty(),
                ..task
            }),
            None if folder == prefix => {}
            None => walk.queue.push(Task::new(Kind::Ambiguous, prefix)),
        }
        walk
    }

    /// The next task that can be asked at once. With `idle`, none is under way.
    pub(super) fn next_task(&mut self, idle: bool, finds: &mut Finds<'_>) -> Option<Task> {
        while let Some(task) = self.queue.pop() {
            if task.kind != Kind::Search {
                return Some(task);
            }
            if self.searches < SEARCH_LISTS_MAX {
                self.searches += 1;
                return Some(task);
            }
            self.put_aside.push(task);
        }
        if !idle || self.put_aside.is_empty() {
            return None;
        }
        let aside = std::mem::take(&mut self.put_aside);
        if finds.has_seen_aws_logs() {
            for task in aside {
                finds.cut_foreign(self.address(&task.prefix));
            }
            return None;
        }
        self.queue.extend(aside.into_iter().map(|task| Task {
            kind: Kind::Loose,
            token: None,
            ..task
        }));
        self.queue.pop()
    }

    /// Takes the page that a task's request brought.
    ///
    /// # Errors
    ///
    /// Where nothing starts with the given prefix.
    pub(super) fn absorb(
        &mut self,
        mut task: Task,
        mut page: Page,
        finds: &mut Finds<'_>,
    ) -> Result<(), SourceError> {
        if std::mem::take(&mut task.doubtful) && page.is_empty() && page.next.is_none() {
            return self.doubt(&task);
        }
        task.pages += 1;
        task.token = page.next.take();
        match task.kind {
            Kind::Ambiguous => return self.settle(task, page, finds),
            Kind::Search | Kind::Folders => self.descend(task, page, finds),
            Kind::Flat => self.take_flat(task, page, finds),
            Kind::Days => self.take_days(task, page, finds),
            Kind::Years(_) => self.take_years(task, page),
            Kind::Months { .. } => self.take_months(task, page),
            Kind::Foreign | Kind::Loose => self.take_all(task, page, finds),
        }
        Ok(())
    }

    /// Nothing is in the folder that was given.
    fn doubt(&mut self, task: &Task) -> Result<(), SourceError> {
        if !self.given.ends_with('/') {
            self.queue.push(Task::new(Kind::Ambiguous, &self.given));
            return Ok(());
        }
        if task.after.is_some() {
            return Ok(()); // only the wanted days were asked for
        }
        Err(SourceError::NoSuchPrefix {
            address: self.address(&self.given),
        })
    }

    /// The given prefix is no folder with something wanted in it.
    fn settle(
        &mut self,
        mut task: Task,
        mut page: Page,
        finds: &mut Finds<'_>,
    ) -> Result<(), SourceError> {
        if page
            .keys
            .first()
            .is_some_and(|first| first.key == self.given)
        {
            let single = page.keys.swap_remove(0);
            finds.offer_single(self.find(&self.address(&single.key), single), true);
            return Ok(());
        }
        if page.folders.contains(&format!("{}/", self.given)) {
            return Ok(());
        }
        if page.is_empty() && task.token.is_none() {
            return Err(SourceError::NoSuchPrefix {
                address: self.address(&self.given),
            });
        }
        match task_of(&self.root, &self.given, finds) {
            Some(real) if real.request().delimited => {
                task.kind = real.kind;
                self.descend(task, page, finds);
            }
            Some(real) => self.queue.push(real),
            None => {}
        }
        Ok(())
    }

    /// Makes a task of each folder; keys beside them are found.
    fn descend(&mut self, mut task: Task, page: Page, finds: &mut Finds<'_>) {
        let after = task.after.as_deref().unwrap_or_default();
        let last_key = page.keys.last().map(|last| last.key.clone());
        let last_folder = page.folders.last().map(|last| format!("{last}{END}"));
        for key in page.keys.into_iter().filter(|key| key.key.as_str() > after) {
            self.offer(key, finds);
        }
        for folder in &page.folders {
            let is_under_way = after.starts_with(folder.as_str());
            if !is_under_way && folder.as_str() < after {
                continue;
            }
            if folder.ends_with(key::ROOT) && key::split(folder).is_some() {
                finds.see_aws_logs();
            }
            if let Some(mut child) = task_of(&self.root, folder, finds) {
                if is_under_way && child.after.as_deref().unwrap_or_default() < after {
                    child.after = Some(after.to_owned());
                }
                self.queue.push(child);
            }
        }
        if task.token.is_some() {
            if task.kind == Kind::Search {
                task.after = last_key.max(last_folder).max(task.after.take()); // where a flat listing would go on
            }
            self.queue.push(task);
        }
    }

    /// A page of an account or family: go on, or split it.
    fn take_flat(&mut self, task: Task, page: Page, finds: &mut Finds<'_>) {
        let last_key = page.keys.last().map(|last| last.key.clone());
        page.keys.into_iter().for_each(|key| self.offer(key, finds));
        if task.token.is_none() {
            return;
        }
        match last_key {
            Some(last_key) if task.pages >= FLAT_PAGES || is_foreign_folder(&last_key) => {
                self.queue.push(Task {
                    after: Some(last_key),
                    ..Task::new(Kind::Folders, &task.prefix)
                });
            }
            _ => self.queue.push(task),
        }
    }

    /// A page of a region's days: go on to `until`, or split what is left.
    fn take_days(&mut self, mut task: Task, page: Page, finds: &mut Finds<'_>) {
        let last = page
            .keys
            .last()
            .map(|last| (last.key.clone(), delivered(&last.key)));
        task.since = task
            .since
            .or_else(|| page.keys.first().and_then(|first| delivered(&first.key)));
        let is_behind = |key: &str| task.until.as_deref().is_some_and(|until| key > until);
        let wanted = page.keys.into_iter().take_while(|key| !is_behind(&key.key));
        wanted.for_each(|key| self.offer(key, finds));
        let has_ended =
            task.token.is_none() || last.as_ref().is_some_and(|(key, _)| is_behind(key));
        if has_ended {
            return;
        }
        match last {
            Some((key, Some(time))) if task.pages.is_multiple_of(SPLIT_PAGES) => {
                self.split_days(task, key, time);
            }
            _ => self.queue.push(task),
        }
    }

    /// Splits what is left of a region where it is much.
    fn split_days(&mut self, task: Task, last_key: String, last_time: i64) {
        let Some(region) = region_folder(&task.prefix) else {
            return self.queue.push(task);
        };
        let span = (last_time - task.since.unwrap_or(last_time)).max(60 * time::SECOND);
        let pages_in = |micros: i64| i64::from(task.pages) * micros.clamp(0, 366 * DAY) / span;
        let Some(end_day) = task.end_day else {
            let worth_it = region == task.prefix && pages_in(30 * DAY) >= MONTH_PAGES;
            return self.queue.push(if worth_it {
                Task {
                    after: Some(last_key),
                    ..Task::new(Kind::Years(Vec::new()), region)
                }
            } else {
                task
            });
        };
        let next_day = last_time.div_euclid(DAY) * DAY + DAY;
        let days_left = (end_day - next_day) / DAY;
        let parts = (pages_in(end_day - next_day) / i64::from(SPLIT_PAGES))
            .min(days_left)
            .min(PARTS_MAX);
        if parts < 2 {
            return self.queue.push(task);
        }
        let boundaries: Vec<_> = (0..parts)
            .map(|part| next_day + days_left * part / parts * DAY)
            .map(|day| (format!("{region}{}/", key::date_path(day)), day))
            .filter(|(boundary, _)| {
                *boundary > last_key && task.until.as_ref().is_none_or(|until| boundary < until)
            })
            .collect();
        self.push_parts(&task, last_key, &boundaries);
    }

    /// A page of a region's years.
    fn take_years(&mut self, mut task: Task, page: Page) {
        let Kind::Years(mut years) = std::mem::replace(&mut task.kind, Kind::Days) else {
            return;
        };
        years.extend(
            page.folders
                .into_iter()
                .filter(|year| is_ahead(year, "YYYY", task.after.as_deref())),
        );
        task.kind = match (&task.token, years.is_empty()) {
            (Some(_), _) => Kind::Years(years),
            (None, false) => Kind::Months {
                years,
                months: Vec::new(),
            },
            (None, true) => Kind::Days, // as it was, then
        };
        self.queue.push(task);
    }

    /// A page of one year's months.
    fn take_months(&mut self, mut task: Task, page: Page) {
        let Kind::Months {
            mut years,
            mut months,
        } = std::mem::replace(&mut task.kind, Kind::Days)
        else {
            return;
        };
        months.extend(
            page.folders
                .into_iter()
                .filter(|month| is_ahead(month, "YYYY/MM", task.after.as_deref())),
        );
        if task.token.is_none() {
            years.pop();
        }
        if !years.is_empty() {
            task.kind = Kind::Months { years, months };
            return self.queue.push(task);
        }
        months.sort_unstable();
        let after = task.after.take().unwrap_or_default();
        let is_begun = |month: &String| after.starts_with(month.as_str());
        let boundaries: Vec<_> = months
            .into_iter()
            .filter(|month| !is_begun(month))
            .filter_map(|month| first_day(&month).map(|day| (month, day)))
            .collect();
        self.push_parts(&Task::new(Kind::Days, &task.prefix), after, &boundaries);
    }

    /// Cuts what a task has left behind `after` at the boundaries.
    fn push_parts(&mut self, task: &Task, after: String, boundaries: &[(String, i64)]) {
        let part = |after: String, until: Option<&(String, i64)>, end_day| Task {
            after: Some(after),
            until: until
                .map(|(key, _)| key.clone())
                .or_else(|| task.until.clone()),
            end_day: until.map(|(_, day)| *day).or(end_day),
            ..Task::new(Kind::Days, &task.prefix)
        };
        // Without an end, a month is the longest that a part behind the last boundary can be.
        let last_end = |day: i64| task.end_day.or(Some(day + 31 * DAY));
        self.queue
            .push(part(after, boundaries.first(), task.end_day));
        for (i, (boundary, day)) in boundaries.iter().enumerate() {
            self.queue.push(part(
                boundary.clone(),
                boundaries.get(i + 1),
                last_end(*day),
            ));
        }
    }

    /// A page of what is listed flat to its end, or to what may be spent on it.
    fn take_all(&mut self, task: Task, page: Page, finds: &mut Finds<'_>) {
        page.keys.into_iter().for_each(|key| self.offer(key, finds));
        if task.token.is_none() {
            return;
        }
        if task.kind == Kind::Foreign && task.pages >= FOREIGN_PAGES_MAX {
            finds.cut_foreign(self.address(&task.prefix));
        } else {
            self.queue.push(task);
        }
    }

    fn offer(&self, key: ListedKey, finds: &mut Finds<'_>) {
        let address = self.address(&key.key);
        finds.offer(self.find(&address, key));
    }

    fn find<'a>(&'a self, address: &'a str, key: ListedKey) -> Find<'a> {
        let ListedKey {
            size,
            etag,
            archived,
            ..
        } = key;
        Find {
            root: &self.root,
            address,
            size,
            etag,
            archived,
        }
    }

    fn address(&self, key: &str) -> String {
        format!("{}/{key}", self.root.address)
    }
}

/// The task that lists what starts with a prefix, by where in the tree it is; none where nothing in it is wanted.
fn task_of(root: &Root, prefix: &str, finds: &Finds<'_>) -> Option<Task> {
    let selection = finds.selection;
    let whole = &prefix[..prefix.rfind('/').map_or(0, |slash| slash + 1)];
    let Some((before, object)) = key::split(whole) else {
        return Some(Task::new(Kind::Search, prefix));
    };
    let source = join(&root.address, before);
    let source = source.trim_end_matches('/');
    if !selection.wants_folder(source, object) {
        return None;
    }
    let place = Place::of(object);
    let flat = whole == prefix && !selection.cuts_days() && !selection.cuts_regions();
    let kind = match (place.account, place.folder, place.region) {
        (_, Some(folder), _) if Family::of_folder(folder).is_none() => Kind::Foreign,
        (_, _, Some(_)) => return Some(task_of_days(prefix, source, object, finds)),
        (Some(_), _, _) if flat => Kind::Flat,
        _ => Kind::Folders,
    };
    Some(Task::new(kind, prefix))
}

/// The task of a region, which is `object` below `source`.
fn task_of_days(prefix: &str, source: &str, object: &str, finds: &Finds<'_>) -> Task {
    let mut task = Task::new(Kind::Days, prefix);
    let Some(region) = region_folder(prefix) else {
        return task;
    };
    let first = finds.selection.first_day(source, object);
    let (_, last) = finds.selection.days();
    // Without the slash, so that a marker of the first day itself is behind it.
    let first = first.map(|day| format!("{region}{}", key::date_path(day)));
    task.after = first.filter(|after| after.as_str() > prefix);
    task.until = last.map(|day| format!("{region}{}/{END}", key::date_path(day)));
    task.end_day = last.map(|day| day + DAY);
    task
}

/// The part of a prefix up to and with its region's folder.
fn region_folder(prefix: &str) -> Option<&str> {
    let (before, object) = key::split(prefix)?;
    let region = key::region_folder(object)?;
    Some(&prefix[..before.len() + region.len()])
}

/// Whether a folder is a region's, as deep in dates as the pattern, and not done with when `after` is.
fn is_ahead(folder: &str, pattern: &str, after: Option<&str>) -> bool {
    let after = after.unwrap_or_default();
    let depth = key::split(folder).map_or(0, |(_, object)| Place::of(object).date.len());
    depth == pattern.len() && (folder > after || after.starts_with(folder))
}

/// The first day of a month's folder.
fn first_day(month: &str) -> Option<i64> {
    let (_, object) = key::split(month)?;
    time::parse_date(&format!("{}/01", Place::of(object).date).replace('/', "-"))
}

fn is_foreign_folder(key: &str) -> bool {
    let folder = key::split(key).and_then(|(_, object)| Place::of(object).folder);
    folder.is_some_and(|folder| Family::of_folder(folder).is_none())
}

fn delivered(key: &str) -> Option<i64> {
    DeliveryKey::parse(key).ok().map(|key| key.delivery_time)
}

#[cfg(test)]
mod tests;
