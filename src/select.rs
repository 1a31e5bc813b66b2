//! Which events are wanted.

/// A selection of events. What it leaves out is counted as filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Events at or after this time, in microseconds since 1970.
    pub from: Option<i64>,
    /// Events before this time.
    pub to: Option<i64>,
    /// Only these accounts; all where empty.
    pub only_accounts: Vec<String>,
    /// Only these regions; all where empty.
    pub only_regions: Vec<String>,
    /// Only these event sources, without `.amazonaws.com`; all where empty.
    pub only_sources: Vec<String>,
    /// Only these event names; all where empty.
    pub only_events: Vec<String>,
    /// Not these event sources, without `.amazonaws.com`.
    pub skip_sources: Vec<String>,
    /// Not these event names.
    pub skip_events: Vec<String>,
}

/// A stretch of time: `from` ≤ t < `to`, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: i64,
    /// The moment behind its last.
    pub to: i64,
}

impl Span {
    /// All of time.
    pub const ALL: Self = Self {
        from: i64::MIN,
        to: i64::MAX,
    };

    /// Returns a span that is open where nothing is given.
    pub fn new(from: Option<i64>, to: Option<i64>) -> Self {
        Self {
            from: from.unwrap_or(Self::ALL.from),
            to: to.unwrap_or(Self::ALL.to),
        }
    }

    /// Returns whether a moment is in it.
    pub fn contains(self, time: i64) -> bool {
        self.from <= time && time < self.to
    }

    /// Returns whether no moment is in it.
    pub fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// Returns what two spans have in common.
    #[must_use]
    pub fn overlap(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        }
    }

    /// Returns what is left of it before and behind another.
    #[must_use]
    pub fn without(self, other: Self) -> [Self; 2] {
        if self.overlap(other).is_empty() {
            let none = Self {
                to: self.from,
                ..self
            };
            return [self, none];
        }
        let before = Self {
            to: other.from,
            ..self
        };
        let behind = Self {
            from: other.to,
            ..self
        };
        [before, behind]
    }
}

/// What a selection looks at.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "as the columns of events")]
pub struct Subject<'a> {
    pub time: i64,
    /// The delivery key's, else the record's.
    pub account: Option<&'a str>,
    /// The delivery key's, else the record's.
    pub region: Option<&'a str>,
    pub source: Option<&'a str>,
    pub name: Option<&'a str>,
}

impl Selection {
    /// Returns the name of an event source as it is compared: `s3` for `s3.amazonaws.com`.
    pub fn short_source(source: &str) -> &str {
        source.strip_suffix(".amazonaws.com").unwrap_or(source)
    }

    /// Returns the event times that are wanted.
    pub fn span(&self) -> Span {
        Span::new(self.from, self.to)
    }

    /// Returns true where the event is wanted.
    pub fn wants(&self, event: &Subject<'_>) -> bool {
        let source = event.source.map(Self::short_source);
        self.from.is_none_or(|from| event.time >= from)
            && self.to.is_none_or(|to| event.time < to)
            && only(&self.only_accounts, event.account)
            && only(&self.only_regions, event.region)
            && only(&self.only_sources, source)
            && only(&self.only_events, event.name)
            && !has(&self.skip_sources, source)
            && !has(&self.skip_events, event.name)
    }
}

fn only(list: &[String], value: Option<&str>) -> bool {
    list.is_empty() || has(list, value)
}

fn has(list: &[String], value: Option<&str>) -> bool {
    value.is_some_and(|value| list.iter().any(|wanted| wanted == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Subject<'_> = Subject {
        time: 100,
        account: Some("111122223333"),
        region: Some("us-east-1"),
        source: Some("s3.amazonaws.com"),
        name: Some("GetObject"),
    };

    fn check(selection: &Selection, expected: bool) {
        assert_eq!(selection.wants(&EVENT), expected, "{selection:?}");
    }

    fn list(text: &str) -> Vec<String> {
        vec![text.to_owned(), "another".to_owned()]
    }

    #[test]
    fn each_part_of_a_selection() {
        let all = Selection::default;
        check(&all(), true);
        check(
            &Selection {
                from: Some(100),
                to: Some(101),
                ..all()
            },
            true,
        );
        check(
            &Selection {
                from: Some(101),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                to: Some(100),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                only_accounts: list("111122223333"),
                ..all()
            },
            true,
        );
        check(
            &Selection {
                only_accounts: list("222233334444"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                only_regions: list("eu-west-1"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                only_sources: list("s3"),
                ..all()
            },
            true,
        );
        check(
            &Selection {
                only_sources: list("ec2"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                only_events: list("PutObject"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                skip_sources: list("s3"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                skip_events: list("GetObject"),
                ..all()
            },
            false,
        );
        check(
            &Selection {
                skip_events: list("PutObject"),
                ..all()
            },
            true,
        );
    }
}
