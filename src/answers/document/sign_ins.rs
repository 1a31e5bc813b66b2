//! Who came in and who failed to, in a report.

use serde::Serialize;

use super::{Time, Top};

document! {
    /// Sign-ins.
    struct SignIns {
        /// Attempts that succeeded.
        successes: u64,
        /// Attempts that failed.
        failures: u64,
        /// Attempts of which the log does not say.
        unknown: u64,
        /// By user, method, outcome, second factor and address.
        users: Top<SignInUser>,
        /// Three failures or more from one address, and then a success within the hour.
        guessed: Top<Guessed>,
        /// What root users did.
        root: Top<RootUse>,
        /// Role switches in the console.
        switched: Top<Switched>,
        /// Identities, and ways to sign in, that were made.
        new_identities: Top<NewIdentity>,
    }

    /// Attempts of one user.
    struct SignInUser {
        /// Who: the principal, else the name that was entered.
        who: Option<String>,
        /// How.
        method: String,
        /// `success`, `failure` or `unknown`.
        outcome: String,
        /// Whether a second factor was used; null where CloudTrail cannot say.
        mfa_used: Option<bool>,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Why they failed.
        failure_reason: Option<String>,
        /// Attempts.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A success behind failures.
    struct Guessed {
        /// When it succeeded.
        event_time: Time,
        /// The event id of the success.
        event_id: Option<String>,
        /// Who came in.
        who: Option<String>,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Whether a second factor was used.
        mfa_used: Option<bool>,
        /// Failures within the hour before.
        failures: u64,
        /// The first of them.
        first_failure: Time,
        /// User names that were tried.
        names_tried: u64,
    }

    /// What a root user did.
    struct RootUse {
        /// The root user.
        principal: String,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// From where.
        source_ip_address: Option<String>,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A role switch.
    struct Switched {
        /// Who switched.
        from: Option<String>,
        /// Into whom, or where to.
        to: Option<String>,
        /// `SwitchRole`, `ExitRole` or `RenewRole`.
        event_name: String,
        /// `success`, `failure` or `unknown`.
        outcome: String,
        /// From where.
        source_ip_address: Option<String>,
        /// Into which account.
        recipient_account_id: Option<String>,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// An identity, or a way to sign in, that was made.
    struct NewIdentity {
        /// The action, such as `CreateUser`.
        event_name: String,
        /// What was made; null where the log does not say.
        resource_arn: Option<String>,
        /// Who made it.
        principal: Option<String>,
        /// In which account.
        recipient_account_id: Option<String>,
        /// Whether that failed.
        is_error: bool,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
    }
}
