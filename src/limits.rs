//! Every bound, with its unit in the name and its reason beside it.

/// Nesting of a JSON record. CloudTrail's own records stay below 30; engines that query the JSON columns
/// recurse, DuckDB refuses beyond 1,000 and others far earlier.
pub const JSON_DEPTH_MAX: usize = 200;

/// Memory of a reused buffer that is kept from one object to the next; one grown larger is given back. Where memory is short
/// or threads are many, less is kept (`Budget::free_bytes`).
pub const REUSED_BYTES_MAX: usize = 8 << 20;

/// The least that a reused buffer may keep: an ordinary object, inflated.
pub const FREE_BYTES_MIN: usize = 1 << 20;

/// Records are parsed so many bytes at once: enough for beginning to cost nothing, and few enough for text, tape and rows to stay in a
/// core's cache.
pub const BATCH_BYTES: usize = 32 << 10;

/// And so many where nothing tells where a record ends; beyond, they are parsed one by one.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// And only where that takes no more than so much, because a tape takes 24 bytes a value: 4 MB of `[1,1,…` would take 70 MB,
/// usual records of that size 15.
pub const BATCH_PARSE_BYTES_MAX: usize = 32 << 20;

/// Records up to this size are usual, CloudTrail's own among them: a larger one is parsed by itself, and its rows count as
/// part of what that takes.
pub const USUAL_RECORD_BYTES_MAX: usize = 256 << 10;

/// What the rows of a large record take for each of its bytes: its columns, what has no column, and the record as it is where
/// these do not give it back.
pub const ROW_BYTES_OF_BYTE: usize = 3;

/// What parsing takes for each value or key: 24 bytes of tape and two places of four.
pub const PARSE_NODE_BYTES: usize = 32;

/// What a row takes beside the bytes of its record, when rows are looked at for their size.
pub const ROW_BYTES_LEAST: usize = 256;

/// Rows are looked at for their size whenever so many bytes of records, and of rejects, have become rows.
pub const ROWS_LOOKED_AT_BYTES: usize = 1 << 20;

/// One object, inflated. CloudTrail's own end at 50 MB; the rest is room for piles made by hand. What is larger wants
/// cutting.
pub const INFLATED_BYTES_MAX: usize = 128 << 20;

/// How far an object may stretch when it is inflated, beyond the first [`INFLATED_BYTES_FREE`]. Real trails stretch 7 to 20
/// times, the most repetitive ones 100 times; deflate can do 1,032, and what comes near is a bomb.
pub const INFLATE_RATIO_MAX: usize = 200;

/// Inflated bytes that are given without asking how far the object stretches.
pub const INFLATED_BYTES_FREE: usize = 16 << 20;

/// One record. CloudTrail's end at 256 KB, or 1 MB where event data stores were configured so; a hostile one of this size
/// costs some 20 times as much while it is parsed.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// Bytes of a rejected record that are kept in `rejects`; the cut is marked.
pub const REJECT_RAW_BYTES_MAX: usize = 64 << 10;

/// Where a quote or bracket was missing in an object, a value of it has to end before so many places at which another seems to
/// begin, or half of them: real ones have next to none inside, and 50 MB of `{` in lines are 25 million that never end.
pub const BEGINS_PASSED_MAX: usize = 16;

/// Wrappings inside wrappings that are opened: records in `LookupEvents` output in an array is three.
pub const WRAPPINGS_MAX: usize = 4;
/// One delivery object as it lies in the bucket. CloudTrail's own end at 50 MB before compression; the rest is room
/// for piles made by hand. What is larger is refused before a byte of it is taken.
pub const FETCHED_BYTES_MAX: u64 = 128 << 20;

/// Bytes of bodies that may be under way or wait for a worker at once, as listed, where there is a gigabyte of memory.
pub const BODY_BYTES: usize = 64 << 20;

/// S3 requests in flight at once, unless told otherwise: enough to keep many cores busy with objects of a few kB at
/// 20-50 ms each, and far below what one prefix answers (5,500 GETs a second).
pub const S3_CONCURRENCY: usize = 64;

/// A page of a listing: 1,000 keys of 1,024 bytes, each of which may be written as three, and what is said beside them.
pub const LIST_PAGE_BYTES_MAX: u64 = 8 << 20;

/// A part of a multipart upload: S3 wants 5 MiB at least, and a request a part is little beside the time that this takes.
pub const S3_PART_BYTES: usize = 8 << 20;

/// Parts of an upload that are equally large, before the next are twice as large. S3 takes 10,000 parts and objects of 5 TiB; data
/// files of 512 MiB never get there.
pub const S3_PARTS_OF_A_SIZE: usize = 1_000;

/// Parts on their way to S3 at once, of all data files that are being written: 32 MiB of memory, and enough for some 200 MB/s at
/// the usual 50 MB/s a connection. Whoever writes more waits.
pub const S3_PARTS_IN_FLIGHT: usize = 4;

/// Uploads completed or aborted, objects looked for or deleted at once: a commit of some hundred files takes a second or two.
pub const S3_WRITES_AT_ONCE: usize = 16;

/// Bytes of a data file in S3 that are read at once, where fewer are wanted: as long on their way as the request takes to begin.
pub const S3_READ_BLOCK_BYTES: u64 = 1 << 20;

/// Such blocks that are kept of an open file: one for each of the 70 columns, and the next of those that go across two.
pub const S3_READ_BLOCKS: usize = 128;

/// Foreign objects that a listing keeps by name (the first by address); the others are only counted.
pub const FOREIGN_KEPT_MAX: usize = 10_000;

/// LIST pages that are spent on one foreign folder in a bucket, just to count it: load balancer logs beside a trail
/// can be a hundred times as many as the trail's.
pub const FOREIGN_PAGES_MAX: u32 = 10;

/// LIST requests that are spent on finding `AWSLogs/` below a prefix, half a cent's worth.
pub const SEARCH_LISTS_MAX: u64 = 1_000;

/// A buffer of a fetched body is kept for the next ones only up to this size: an object of 2 MB, as it lies in the bucket.
pub const SPARE_BODY_BYTES_MAX: usize = 256 << 10;

/// Buffers of fetched bodies that are kept for the next ones.
pub const SPARE_BODIES_MAX: usize = 64;

/// Bytes of what a server said that are repeated to a person.
pub const SERVER_MESSAGE_BYTES_MAX: usize = 300;

/// Ids of records, and rows of `duplicates`, that are kept while records are written, before they are sorted.
pub const BOOKS_BYTES: usize = 8 << 20;

/// Tables whose rows are in memory and take no more than this are written side by side.
pub const SMALL_TABLE_BYTES: usize = 32 << 20;

/// Groups of a rollup that are open at once, at 88 bytes each. Beyond, they are given out as partial rows: 15 minutes of a busy
/// organisation have some 10,000.
pub const ROLLUP_GROUPS_MAX: usize = 1 << 17;

/// Complete groups of a rollup are given out as rows when they take this much.
pub const ROLLUP_BYTES: usize = 12 << 20;

/// Texts of the keys of rollups that are kept at once. Beyond, all groups are given out, and texts are gathered anew.
pub const ROLLUP_TEXT_BYTES_MAX: usize = 16 << 20;

/// An ARN that is put together from a request. AWS's own end at 2,048 characters; a record of 4 MiB could ask for a hundred thousand of
/// a megabyte each.
pub const ARN_BYTES_MAX: usize = 2 << 10;

/// A region, account or name of a cluster in such an ARN, which all ARNs of a record have in common. AWS's own end at 255.
pub const ARN_PART_BYTES_MAX: usize = 256;

/// ARNs that are put together from one record; further ones are left out of `resource_activity`. 1 MB of real ids make 8 MB of ARNs.
pub const FILLED_ARNS_BYTES_MAX: usize = 16 << 20;

/// An event name that is compared with patterns, for each member of a request. The longest of AWS has 70 characters.
pub const EVENT_NAME_BYTES_MAX: usize = 256;

/// A text that is no JSON: what a column keeps of a longer one, whose record then stands whole in `record_raw`. CloudTrail's own end
/// at 1 KB, ARNs at 2 KiB; a resource's row has the principal's text once more, and 4 MiB of record can have 200,000 of these.
pub const TEXT_BYTES_MAX: usize = 4 << 10;

/// JSON of an aggregated record that is repeated in its rows, one for each statistic: a record of 256 KB can have 5,000 of these.
pub const REPEATED_JSON_BYTES_MAX: usize = 16 << 20;

/// Rejects of one object that get a row each. An object of 50 MB can hold 16 million; those beyond are counted, and one row
/// says so: the object itself is what to look at.
pub const REJECTS_PER_OBJECT_MAX: usize = 10_000;

/// Rows that a thread gathers are sorted, and put to scratch where memory is short, when they take this much. Where memory is
/// short or threads are many, they are fewer (`Budget::chunk_bytes`).
pub const CHUNK_BYTES: usize = 24 << 20;

/// The first of them are handed out when they take this much: what each column takes of it says how much room it needs from
/// then on, and columns need not grow, which copies them.
pub const FIRST_CHUNK_BYTES: usize = 2 << 20;

/// Rows of a block of a run on scratch: with the bytes below, what a merge holds of each run.
pub const BLOCK_ROWS: usize = 2048;

/// Bytes of a block's values, and of the texts that they share.
pub const BLOCK_BYTES: usize = 512 << 10;

/// What a row of a block takes beside its unshared values: numbers, times, and where values end.
pub const BLOCK_ROW_BYTES: usize = 256;

/// Rows of a row group: large enough to compress and to skip, small enough that a look-up reads little.
pub const ROW_GROUP_ROWS: usize = 128 << 10;

/// Bytes of a row group's texts (JSON, ids, names) as if no two rows shared any, at which it ends: bounds what merging and
/// encoding hold. Usual rows have 1 to 1.5 kB.
pub const ROW_GROUP_BYTES: usize = 96 << 20;

/// Texts of a row's list, four to a resource, that count towards a row group as their bytes.
pub const LIST_TEXTS_USUAL: usize = 1024;

/// And what each further one counts besides: a record can have a million short ones, each of which takes so much while it is
/// encoded.
pub const LIST_TEXT_BYTES: usize = 24;

/// A data file ends at the first row group beyond this size.
pub const DATA_FILE_BYTES: usize = 512 << 20;

/// Listed bytes of the objects that are committed together, unless told otherwise: a minute of work that a kill can cost, files of
/// useful size, and rows that fit into memory by default.
pub const GROUP_BYTES: u64 = 64 << 20;

/// A last group of less than one part in so many goes with the one before it: a commit of its own would be some files of a few MB.
pub const GROUP_SHARE_SMALL: u64 = 4;

/// Days that events are looked for behind the time that is wanted, or behind what is known, unless told otherwise: CloudTrail delivers
/// nearly all within minutes, and late ones within hours.
pub const LATE_WINDOW_DAYS: u32 = 2;

/// Days that a late window can have: CloudTrail redelivers for up to 30.
pub const LATE_WINDOW_DAYS_MAX: u32 = 30;

/// Open files that a run begins with the certainty of having: for signals, S3's threads, scratch, and an object and a table's file
/// for each of some threads. Far below the 256 and more that systems give.
pub const OPEN_FILES_MIN: usize = 24;

/// Memory to stay within, unless told otherwise.
pub const MEMORY_BYTES: usize = 1 << 30;

/// Memory for each thread from which on the heap may keep what was freed: it keeps up to some 64 MiB a thread, and saves a
/// twentieth of the time.
pub const MEMORY_OF_THREAD_AMPLE: usize = 256 << 20;

/// Blocks of the heap from this size on go back to the system when they are freed, where they may not be kept.
pub const HEAP_BLOCK_BYTES_MAX: usize = 1 << 20;

/// The least memory that can be asked for: an object of 128 MiB, one record at its limits being parsed, and a thread with
/// usual objects beside.
pub const MEMORY_BYTES_MIN: usize = 256 << 20;

/// What the program takes with nothing in hand, and with a listing of 10,000 objects.
pub const MEMORY_OF_PROGRAM: usize = 24 << 20;

/// A window of rows at its limits, and what is encoded of it.
pub const MEMORY_OF_WINDOW: usize = 160 << 20;

/// Columns of a row group that may wait until the next one is about to be encoded, beside that one's rows: ordinary ones take
/// half of this. Larger ones are written at once.
pub const WAITING_COLUMNS_BYTES: usize = 32 << 20;

/// Rollups at their limits, and the ids and copies that are kept beside.
pub const MEMORY_OF_ROLLUPS: usize = 64 << 20;

/// From here on the next window of rows is merged while one is encoded.
pub const MEMORY_TO_READ_AHEAD: usize = 512 << 20;

/// Sorted rows may take at least one part in so many of `--memory`, however many threads there are.
pub const MEMORY_SHARE_OF_RUNS: usize = 16;

/// The least that there is for parsing at once: one record of [`RECORD_BYTES_MAX`] that is all numbers.
pub const PARSE_BYTES_MIN: usize = 72 << 20;

/// The least rows that a thread gathers before they are sorted. Smaller runs are merged more often.
pub const CHUNK_BYTES_MIN: usize = 2 << 20;

/// What a merge holds of a run on scratch: the block in hand, and one that a window still needs. A run with larger blocks, of
/// rows of many MiB, counts as several.
pub const MERGED_RUN_BYTES: usize = 1 << 20;

/// The least runs on scratch that are merged at once; what more there are is first merged to fewer.
pub const RUNS_MERGED_MIN: usize = 32;

/// Room that a column of a row group gets before its pages come. Real ones end at 4 MB; where the first page is one text of 4 MiB, 130,000
/// such would be 500 GB.
pub const COLUMN_ROOM_BYTES_MAX: usize = 4 << 20;

/// Folders whose names are made durable at once, after a commit: 90 days of eleven tables are 1,000, and a disk takes up to some ms for each.
pub const FOLDERS_SYNCED_AT_ONCE: usize = 8;

/// Entries of the log that are read at once, so that a thousand in S3 take 2 s and not 30.
pub const LOG_ENTRIES_READ_AT_ONCE: usize = 16;

/// One entry of the log, when it is verified or read from S3: one that names the files of a hundred years has 200 MB.
pub const LOG_ENTRY_BYTES_MAX: u64 = 256 << 20;

/// Delivery objects whose counts are kept one by one while books are verified, at some 100 bytes each. Beyond, their sums are
/// held against the tables.
pub const VERIFY_OBJECTS_MAX: usize = 4 << 20;

/// Rows of `objects` that get a finding each; those beyond are counted.
pub const VERIFY_OBJECT_FINDINGS_MAX: usize = 1_000;

/// Files of a partition that are merged by one commit: a merge holds a block of each. Beyond, a partition takes several commits.
pub const MERGED_FILES_MAX: usize = 512;

/// The blocks in hand of a merge of data files may take one part in so many of `--memory`, each an equal share; those that a window
/// still needs take as much again.
pub const MEMORY_SHARE_OF_BLOCKS: usize = 16;

/// Bytes of such a block, at least: with fewer, the texts that each block keeps for itself outweigh its rows.
pub const BLOCK_BYTES_MIN: usize = 32 << 10;

/// Bytes of a data file that are read at once while its checksum is taken.
pub const CHECKED_BYTES: usize = 1 << 20;

/// Size of a data file that compaction merges to, unless told otherwise: some ten row groups, large enough that opening a file is
/// nothing beside reading it, small enough that several readers share a day.
pub const TARGET_BYTES: u64 = 256 << 20;

/// Keys that `lookup --chain` follows below the one that is asked for; a session that issues more is a machine's, and the output says
/// that there are more.
pub const KEY_CHAIN_MAX: usize = 1_000;

/// Events that `lookup` shows as the calls of one tool call, or as the tool calls of one call.
pub const TOOL_CALL_EVENTS_MAX: usize = 1_000;

/// Rows of a list of a report: more nobody reads, and a page of all lists stays below 3 MB.
pub const REPORT_ROWS_MAX: usize = 500;

/// Days, by account and region, that a report has for its map of what was delivered: 90 days of 50 places, and a page that a browser
/// draws at once.
pub const REPORT_DAYS_MAX: usize = 5_000;

/// Characters of a text in a report: a role's ARN with its session has 150.
pub const REPORT_TEXT_CHARS_MAX: usize = 300;

/// Texts that one part of a report tells apart, in bytes: a million ARNs. Four parts are made at most.
pub const REPORT_NAME_BYTES_MAX: usize = 64 << 20;

/// Different things that a report counts one by one for each list, at some 100 bytes each.
pub const REPORT_KEYS_MAX: usize = 500_000;

/// Buckets with events, of all that are told apart, at 12 bytes each. Beyond, buckets become wider.
pub const REPORT_CELLS_MAX: usize = 12 << 20;

/// Buckets of a report's timeline: 90 days of 15 minutes. Beyond, they become wider.
pub const REPORT_BUCKETS_MAX: usize = 9_000;

/// Services, and principals, that a timeline has each: as many as there are colours to tell apart.
pub const REPORT_SERIES_MAX: usize = 12;

/// Tool calls, and requests that they name, that are followed, at some 100 bytes each.
pub const REPORT_LINKS_MAX: usize = 1 << 20;

/// Sign-ins of which a report looks what came before, at some 100 bytes each.
pub const REPORT_SIGN_INS_MAX: usize = 1 << 20;

/// Hours of a gap that are counted into their days: a time in a key may be of the year 9999.
pub const REPORT_GAP_HOURS_MAX: usize = 24 * 400;

/// A list of what is known, or of what costs money, in bytes: a hundred thousand lines.
pub const REPORT_LIST_BYTES_MAX: u64 = 16 << 20;

/// Characters of a service control policy, white space counted: AWS Organizations took 5,120 until May 2026, and takes 10,240 since. What is
/// within the smaller one is taken by every organization.
pub const SCP_CHARS_MAX: usize = 5_120;

/// Characters of a managed IAM policy, white space not counted.
pub const IAM_POLICY_CHARS_MAX: usize = 6_144;

/// Principals that `guardrail` names for an action: the table is for people, and what a policy says does not depend on them.
pub const GUARDRAIL_PRINCIPALS_MAX: usize = 100;

/// Resources that `guardrail` names for an action. One that was seen on more is allowed on all.
pub const GUARDRAIL_RESOURCES_MAX: usize = 100;

/// A settings file: people write it.
pub const SETTINGS_BYTES_MAX: u64 = 1 << 20;

/// Data in the page of a report, which is to be sent around and opened on any machine: 3 MB in all, and scripts and findings need their
/// part. Where there is more, lists are cut.
pub const REPORT_PAGE_DATA_BYTES_MAX: usize = 2_600_000;
