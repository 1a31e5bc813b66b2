//! The command line as the user typed it: clap structs, no defaults taken from the machine, no I/O.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::log::LogFormat;
use crate::trail::time::Moment;

const SELECTION: &str = "Selection";
pub(crate) const AWS: &str = "AWS";
pub(crate) const RESOURCES: &str = "Resources";
const OUTPUT: &str = "Output";

/// Mill an S3 bucket of AWS CloudTrail logs into Parquet tables.
#[derive(Debug, Parser)]
#[command(
    name = "trailmill",
    version,
    max_term_width = 100,
    propagate_version = true
)]
pub struct Cli {
    /// Settings file, empty for none [default: `TRAILMILL_CONFIG`, else `~/.config/trailmill/trailmill.toml`]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<OsString>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read delivery objects and write the tables
    Run(Box<RunArgs>),
    /// Show what a run would read, without reading one object
    List(ListArgs),
    /// Print the records rebuilt from a dataset, as JSON lines
    Export(ExportArgs),
    /// Show the newest events that fit, one event whole, or what a temporary key came from
    Lookup(Box<LookupArgs>),
    /// Answer what agents did, why the call rate jumped, who came in, what was refused, and how complete it is
    Report(Box<ReportArgs>),
    /// Turn what agents did into policies that let them go on, and do nothing destructive
    Guardrail(GuardrailArgs),
    /// Check a dataset: its log, its data files and its books against each other
    Verify(VerifyArgs),
    /// Print SQL that makes the tables usable in DuckDB, Athena or Spark
    Sql(SqlArgs),
    /// Merge the small data files of a dataset, with the same rows
    Compact(CompactArgs),
    /// Derive the tables beside events again, day by day
    Rebuild(RebuildArgs),
    /// Lay out a synthetic delivery bucket, the same for the same seed
    Generate(GenerateArgs),
    /// Show the settings that are in force, and where each stands
    Config(ConfigArgs),
    /// Print what completes command lines in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands
    Man(ManArgs),
}

/// `trailmill run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct RunArgs {
    /// Where delivery objects are: `s3://bucket[/prefix]`, a folder, a file, or - for keys or paths
    /// on stdin (can be repeated)
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// Where the tables go: a folder or `s3://bucket[/prefix]`, new or empty, or a dataset, to which is
    /// added what is new
    #[arg(long, value_name = "DEST", help_heading = OUTPUT)]
    pub out: String,
    /// Tables to write, with commas between; events is always written [default: all]
    #[arg(long, value_name = "TABLES", value_delimiter = ',', help_heading = OUTPUT)]
    pub tables: Option<Vec<String>>,
    /// Width of an activity bucket: must divide a day
    #[arg(long, value_name = "WIDTH", default_value = "15m", help_heading = OUTPUT)]
    pub bucket: String,
    /// Listed bytes of the objects that are committed together
    #[arg(long, value_name = "SIZE", help_heading = OUTPUT)]
    pub group_bytes: Option<String>,
    /// Say what there is to read, and read and write nothing
    #[arg(long, help_heading = OUTPUT)]
    pub dry_run: bool,
    /// Print the run summary as JSON on stdout
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    /// How the run speaks on stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = OUTPUT)]
    pub log_format: LogFormat,
    /// Write what the run did to this file, for the textfile collector of Prometheus' node exporter
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub metrics_file: Option<PathBuf>,
    /// How long before the last day that is known the bucket is looked through again for late objects
    #[arg(long, value_name = "DAYS", default_value = "2d", help_heading = SELECTION)]
    pub late_window: String,
    /// Read objects again of which something could not be used
    #[arg(long, help_heading = SELECTION)]
    pub retry_rejected: bool,
    /// Read all objects between --from and --to again
    #[arg(long, requires_all = ["from", "to"], conflicts_with = "retry_rejected", help_heading = SELECTION)]
    pub force: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub write: WriteArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub resources: ResourceArgs,
}

/// `trailmill list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Where delivery objects are: `s3://bucket[/prefix]`, a folder, a file, or - for keys or paths
    /// on stdin (can be repeated)
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// Print the listing as JSON on stdout
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
    /// S3 requests in flight at once
    #[arg(long, value_name = "N", help_heading = RESOURCES)]
    pub concurrency: Option<usize>,
}

/// `trailmill export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// How records are laid out
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl, help_heading = OUTPUT)]
    pub format: ExportFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub selection: SelectionArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// How `export` lays out records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One record a line
    Jsonl,
    /// One document: {"Records":[…]}
    Records,
}

/// `trailmill lookup`.
#[derive(Debug, Args)]
pub struct LookupArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// The event with this id, with its record and its tool calls; each filter can be repeated, takes @FILE for a
    /// value a line, and all have to fit
    #[arg(long, value_name = "ID", help_heading = SELECTION)]
    pub event_id: Vec<String>,
    /// Events of this name, such as `DeleteBucket`
    #[arg(long, value_name = "NAME", help_heading = SELECTION)]
    pub event_name: Vec<String>,
    /// Events of this service: s3 or s3.amazonaws.com
    #[arg(long, value_name = "SOURCE", help_heading = SELECTION)]
    pub event_source: Vec<String>,
    /// Events of this user name or session name
    #[arg(long, value_name = "NAME", help_heading = SELECTION)]
    pub user: Vec<String>,
    /// Events of this principal, as `events.principal` has it
    #[arg(long, value_name = "PRINCIPAL", help_heading = SELECTION)]
    pub principal: Vec<String>,
    /// Events signed with this access key
    #[arg(long, value_name = "KEY", help_heading = SELECTION)]
    pub access_key: Vec<String>,
    /// The calls that issued the access keys, back to the first, and the keys that they issued
    #[arg(long, requires = "access_key", help_heading = SELECTION)]
    pub chain: bool,
    /// Events from this address
    #[arg(long, value_name = "ADDRESS", help_heading = SELECTION)]
    pub source_ip: Vec<String>,
    /// Events on this resource: an ARN, or a name in it; a bucket stands for its objects too
    #[arg(long, value_name = "NAME", help_heading = SELECTION)]
    pub resource: Vec<String>,
    /// Events on a resource of this type, such as `AWS::S3::Bucket`
    #[arg(long, value_name = "TYPE", help_heading = SELECTION)]
    pub resource_type: Vec<String>,
    /// Events in this account
    #[arg(long, value_name = "ACCOUNT", help_heading = SELECTION)]
    pub account: Vec<String>,
    /// Events in this region
    #[arg(long, value_name = "REGION", help_heading = SELECTION)]
    pub event_region: Vec<String>,
    /// Events that only read, or those that may write
    #[arg(long, value_name = "true|false", help_heading = SELECTION)]
    pub read_only: Option<bool>,
    /// Events that failed, or only with this error code
    #[arg(long, value_name = "CODE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = SELECTION)]
    pub errors: Option<String>,
    /// Events of agents, or only of this MCP channel
    #[arg(long, value_name = "CHANNEL", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = SELECTION)]
    pub mcp: Option<String>,
    /// Events at or after this time: RFC 3339, a date, or an offset such as -7d, -36h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub from: Option<Moment>,
    /// Events before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub to: Option<Moment>,
    /// How events are laid out
    #[arg(long, value_enum, default_value_t = LookupFormat::Table, help_heading = OUTPUT)]
    pub format: LookupFormat,
    /// So many of the newest; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = OUTPUT)]
    pub limit: usize,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// How `lookup` lays out events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LookupFormat {
    /// Columns for people; one event by its id is shown whole
    Table,
    /// One document: a list of events, each with its record
    Json,
    /// One event a line, with its record
    Jsonl,
    /// Comma-separated, for spreadsheets
    Csv,
}

/// `trailmill report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Events at or after this time: RFC 3339, a date, or an offset such as -7d, -36h; cut to whole buckets
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub from: Option<Moment>,
    /// Events before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub to: Option<Moment>,
    /// How long before --from is looked at to tell what is new; without --from the first days of the
    /// dataset [default: 30d with --from, else none]
    #[arg(long, value_name = "LENGTH", help_heading = SELECTION)]
    pub baseline: Option<String>,
    /// What is known, and so not new: a line each, such as `source_ip 192.0.2.0/24` or
    /// `principal arn:aws:iam::111122223333:role/*`; also region and service
    #[arg(long, value_name = "FILE", help_heading = SELECTION)]
    pub known: Option<PathBuf>,
    /// What costs money, in place of the list that is built in: a line each, such as `s3 GetObject request`
    #[arg(long, value_name = "FILE", help_heading = SELECTION)]
    pub costs: Option<PathBuf>,
    /// How the report is laid out
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub format: ReportFormat,
    /// Rows of a list in text and Markdown; JSON and the page have up to 500
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = OUTPUT)]
    pub rows: usize,
    /// Answers in text and Markdown, with commas between [default: all]
    #[arg(long, value_enum, value_name = "QUESTIONS", value_delimiter = ',', help_heading = OUTPUT)]
    pub only: Vec<ReportQuestion>,
    /// Put the report into this file, and not on stdout
    #[arg(long, short, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// A question that `report` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportQuestion {
    /// What did the agents do?
    Agents,
    /// Why did the bill or the call rate jump?
    Rate,
    /// Who came in, and who failed to?
    SignIns,
    /// What was refused?
    Refused,
    /// How complete is this?
    Coverage,
}

/// How `report` is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a terminal of 100 columns
    Text,
    /// For a ticket or a wiki
    Markdown,
    /// For programs: docs/report.schema.json describes it
    Json,
    /// A page for a browser, which works offline
    Html,
}

/// `trailmill guardrail`.
#[derive(Debug, Args)]
pub struct GuardrailArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Only what this principal did: a user, a role, or one as `events.principal` has it (can be repeated). A service control policy
    /// is then about nobody else
    #[arg(long, value_name = "ARN", help_heading = SELECTION)]
    pub principal: Vec<String>,
    /// Only what was done through this managed MCP server: aws-mcp or aws-mcp.amazonaws.com (can be repeated). The
    /// policies are then about no other
    #[arg(long, value_name = "SERVER", help_heading = SELECTION)]
    pub mcp_server: Vec<String>,
    /// Events at or after this time: RFC 3339, a date, or an offset such as -30d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub from: Option<Moment>,
    /// Events before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub to: Option<Moment>,
    /// What the policies will be attached to
    #[arg(long, value_enum, default_value_t = GuardrailKind::Scp, help_heading = OUTPUT)]
    pub kind: GuardrailKind,
    /// How the policies are printed, with what each statement is based on
    #[arg(long, value_enum, default_value_t = GuardrailFormat::Text, help_heading = OUTPUT)]
    pub format: GuardrailFormat,
    /// Write the policies into this folder, one a file; text has then only what they are based on
    #[arg(long, short, value_name = "DIR", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// What the policies of `guardrail` will be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GuardrailKind {
    /// Accounts or organizational units: service control policies that deny all but what was seen
    Scp,
    /// The role or user that the agent acts as: policies that allow what was seen
    Iam,
}

/// How `guardrail` prints policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GuardrailFormat {
    /// For people
    Text,
    /// One document: the policies, and what they are based on
    Json,
}

/// `trailmill verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Print the findings as JSON on stdout
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// `trailmill sql`.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The engine that will read the tables
    #[arg(value_enum, value_name = "ENGINE")]
    pub engine: SqlEngine,
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Where the engine finds the dataset: a folder or `s3://bucket[/prefix]` [default: DEST]
    #[arg(long, value_name = "PLACE", help_heading = OUTPUT)]
    pub location: Option<String>,
    /// Name the files of this moment, for duckdb, instead of whatever will lie there
    #[arg(long, help_heading = OUTPUT)]
    pub snapshot: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
}

/// Whose SQL `sql` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SqlEngine {
    /// Views and macros
    Duckdb,
    /// External tables with partition projection, and views
    Athena,
    /// External tables, and views
    Spark,
}

/// `trailmill compact`.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Days that began less than so long ago are left alone: late events may still come
    #[arg(long, value_name = "SPAN", default_value = "35d", help_heading = SELECTION)]
    pub older_than: String,
    /// Size of a data file: smaller ones are merged, larger ones left alone [default: 256MiB]
    #[arg(long, value_name = "SIZE", help_heading = OUTPUT)]
    pub target_size: Option<String>,
    /// Print the summary as JSON on stdout
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub write: WriteArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub resources: WorkArgs,
}

/// `trailmill rebuild`.
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// The dataset: where run has written it, a folder or `s3://bucket[/prefix]`
    #[arg(value_name = "DEST")]
    pub dataset: String,
    /// Days that end after this time: RFC 3339, a date, or an offset such as -7d [default: from the
    /// first]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub from: Option<Moment>,
    /// Days that begin before this time [default: to the last]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = SELECTION)]
    pub to: Option<Moment>,
    /// Print the summary as JSON on stdout
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub aws: AwsArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub write: WriteArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type")]
    pub resources: WorkArgs,
}

/// `trailmill generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The folder to lay the bucket out in: new or empty
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Events, redelivered copies not counted
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub events: u64,
    /// Days that the events span
    #[arg(long, value_name = "D", default_value_t = 3)]
    pub days: u32,
    /// Accounts that the events are spread over
    #[arg(long, value_name = "A", default_value_t = 3)]
    pub accounts: u32,
    /// The seed: equal arguments and seed give equal bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// `trailmill config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The settings for this command alone
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// `trailmill completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// `trailmill man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(long, short, value_name = "DIR", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = SELECTION)]
pub struct SelectionArgs {
    /// Events at or after this time: RFC 3339, a date, or an offset such as -7d, -36h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<Moment>,
    /// Events before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<Moment>,
    /// Only this account (can be repeated)
    #[arg(long, value_name = "ACCOUNT")]
    pub only_account: Vec<String>,
    /// Only this region: the delivery key's, else the event's (can be repeated)
    #[arg(long, value_name = "REGION")]
    pub only_region: Vec<String>,
    /// Only this event source: s3 or s3.amazonaws.com (can be repeated)
    #[arg(long, value_name = "SOURCE")]
    pub only_source: Vec<String>,
    /// Only this event name (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub only_event: Vec<String>,
    /// Leave out this event source (can be repeated)
    #[arg(long, value_name = "SOURCE")]
    pub skip_source: Vec<String>,
    /// Leave out this event name (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub skip_event: Vec<String>,
}

/// How to reach S3, in the AWS CLI's words. Credentials come from the SDK's chain alone.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = AWS)]
pub struct AwsArgs {
    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Region of the bucket
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Address of an S3-compatible service; buckets are then addressed by path
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Do not sign requests: for public buckets
    #[arg(long)]
    pub no_sign_request: bool,
    /// Confirm that the requester pays, for buckets that ask for it
    #[arg(long, value_name = "requester", value_parser = ["requester"], num_args = 0..=1, default_missing_value = "requester")]
    pub request_payer: Option<String>,
}

/// What a command may take of the machine that writes a dataset's files anew.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = RESOURCES)]
pub struct WorkArgs {
    /// Memory to stay within, such as 512MiB or 2GiB [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Threads that read and encode [default: one a processor]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Folder for rows that memory does not hold [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}

/// How objects are written where the destination is in S3, in the AWS CLI's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = AWS)]
pub struct WriteArgs {
    /// Server-side encryption of what is written [default: the bucket's own]
    #[arg(long, value_name = "KIND", value_parser = ["AES256", "aws:kms", "aws:kms:dsse"])]
    pub sse: Option<String>,
    /// The KMS key to encrypt with, for --sse aws:kms
    #[arg(long, value_name = "KEY", requires = "sse")]
    pub sse_kms_key_id: Option<String>,
    /// Canned ACL of what is written, for buckets of other accounts
    #[arg(long, value_name = "ACL", value_parser = ["bucket-owner-full-control"])]
    pub acl: Option<String>,
    /// Promise that no other run writes to the destination at the same time, where the bucket does not
    /// know If-None-Match
    #[arg(long)]
    pub single_writer: bool,
}

/// What the run may take of the machine.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = RESOURCES)]
pub struct ResourceArgs {
    /// Memory to stay within, such as 512MiB or 2GiB [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Threads that inflate, parse and encode [default: one a processor]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// S3 requests in flight at once
    #[arg(long, value_name = "N")]
    pub concurrency: Option<usize>,
    /// Folder for sorted rows that memory does not hold [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}
