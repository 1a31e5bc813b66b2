//! How many requests may be in flight: half as many when S3 asks to slow down, one more for as many successes as are allowed.
//!
//! Pure: it knows no clock, and nobody waits here. Requests are numbered as they begin, which tells the answers of one burst from
//! those of the next: what had begun before the pace was halved was sent at the old pace, and says nothing about the new one.

/// The pace of requests.
#[derive(Debug)]
pub(super) struct Pace {
    allowed_max: usize,
    allowed: usize,
    in_flight: usize,
    /// Successes since the pace last changed.
    successes: usize,
    /// Requests begun so far.
    begun: u64,
    /// The first request that was begun at the pace as it is since it was last halved.
    first_since_halved: u64,
}

/// What a request says about the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It was answered.
    Success,
    /// The server asks to slow down.
    SlowDown,
    /// Nothing: it was lost, or given up.
    None,
}

impl Pace {
    /// Begins with as many as there may ever be.
    pub(super) fn new(allowed_max: usize) -> Self {
        let allowed = allowed_max.max(1);
        Self {
            allowed_max: allowed,
            allowed,
            in_flight: 0,
            successes: 0,
            begun: 0,
            first_since_halved: 0,
        }
    }

    /// Whether one more may be in flight.
    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.allowed
    }

    /// Begins a request, where there is room for it; returns its number.
    pub(super) fn begin(&mut self) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        self.in_flight += 1;
        self.begun += 1;
        Some(self.begun - 1)
    }

    /// Ends a request that was begun.
    pub(super) fn end(&mut self, number: u64, sign: Sign) {
        self.in_flight -= 1;
        if number < self.first_since_halved {
            return;
        }
        match sign {
            Sign::Success => self.speed_up(),
            Sign::SlowDown => self.halve(),
            Sign::None => {}
        }
    }

    fn halve(&mut self) {
        self.allowed = (self.allowed / 2).max(1);
        self.successes = 0;
        self.first_since_halved = self.begun;
    }

    fn speed_up(&mut self) {
        self.successes += 1;
        if self.successes >= self.allowed {
            self.successes = 0;
            self.allowed = (self.allowed + 1).min(self.allowed_max);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Begins so many and ends them all with a sign.
    fn round(pace: &mut Pace, requests: usize, sign: Sign) {
        let begun: Vec<_> = (0..requests).map_while(|_| pace.begin()).collect();
        for number in begun {
            pace.end(number, sign);
        }
    }

    #[test]
    fn a_burst_halves_once_and_successes_bring_it_back_one_by_one() {
        let mut pace = Pace::new(16);
        round(&mut pace, 16, Sign::SlowDown);
        assert_eq!(pace.allowed, 8);
        round(&mut pace, 8, Sign::SlowDown);
        assert_eq!(pace.allowed, 4);
        round(&mut pace, 4, Sign::Success);
        assert_eq!(pace.allowed, 5);
        round(&mut pace, 4, Sign::Success);
        assert_eq!(pace.allowed, 5);
        round(&mut pace, 1, Sign::Success);
        assert_eq!(pace.allowed, 6);
        for _ in 0..100 {
            round(&mut pace, 16, Sign::Success);
        }
        assert_eq!(pace.allowed, 16);
    }

    #[test]
    fn what_was_begun_before_says_nothing_about_the_pace_since() {
        let mut pace = Pace::new(4);
        let early: Vec<_> = (0..4).filter_map(|_| pace.begin()).collect();
        pace.end(early[0], Sign::SlowDown);
        assert_eq!(pace.allowed, 2);
        assert!(!pace.has_room(), "three are in flight");
        pace.end(early[1], Sign::SlowDown);
        pace.end(early[2], Sign::Success);
        assert_eq!((pace.allowed, pace.successes), (2, 0));
        let late = pace.begin().expect("one is in flight");
        pace.end(late, Sign::SlowDown);
        assert_eq!(pace.allowed, 1);
    }

    proptest! {
        /// Whatever is answered in whatever order: within the bounds, halved at most once a burst, never stuck.
        #[test]
        fn the_pace_keeps_its_bounds(
            allowed_max in 0_usize..40,
            steps in prop::collection::vec((0_u8..6, any::<prop::sample::Index>()), 0..400),
        ) {
            let mut pace = Pace::new(allowed_max);
            let mut in_flight = Vec::new();
            let mut halved_at = 0;
            for (step, which) in steps {
                let before = pace.allowed;
                if step < 3 {
                    let had_room = in_flight.len() < before;
                    let begun = pace.begin();
                    prop_assert_eq!(begun.is_some(), had_room);
                    in_flight.extend(begun);
                } else if !in_flight.is_empty() {
                    let number = in_flight.swap_remove(which.index(in_flight.len()));
                    let sign = [Sign::Success, Sign::SlowDown, Sign::None][usize::from(step) - 3];
                    pace.end(number, sign);
                    let is_new = number >= halved_at;
                    match sign {
                        Sign::SlowDown if is_new => {
                            prop_assert_eq!(pace.allowed, (before / 2).max(1));
                            halved_at = pace.begun;
                        }
                        Sign::Success if is_new => prop_assert!(pace.allowed - before <= 1),
                        _ => prop_assert_eq!(pace.allowed, before),
                    }
                }
                prop_assert_eq!(pace.in_flight, in_flight.len());
                prop_assert!((1..=allowed_max.max(1)).contains(&pace.allowed));
            }
            for number in in_flight {
                pace.end(number, Sign::None);
            }
            prop_assert!(pace.begin().is_some());
        }
    }
}
