//! Exit codes.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All done.
    Done,
    /// The run failed: nothing, or not all, was done.
    Failed,
    /// The command line cannot be used.
    Usage,
    /// Done, and some records or objects could not be used; `rejects` and `objects` name them.
    Rejects,
    /// `verify` has found something wrong.
    Findings,
    /// Another run is writing to the destination: try again later.
    Busy,
    /// The destination does not refuse to overwrite, so that two runs could not find each other out.
    Overwrites,
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
            Self::Busy => 75,
            Self::Overwrites => 76,
            Self::Interrupted => 130,
        }
    }
}
