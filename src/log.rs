//! What a run says while it works, for machines: one JSON object a line on stderr. People see a progress bar and a summary instead.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::config;
use crate::trail::time::format;

/// How a run speaks on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: a progress bar, the summary, an error
    #[default]
    Text,
    /// For machines: a JSON object a line
    Json,
}

impl LogFormat {
    /// Says that something happened, with what belongs to it: a JSON object. Text says nothing.
    pub fn info(self, message: &str, fields: Value) {
        if self == Self::Json {
            say("info", message, fields);
        }
    }

    /// Says why the program ends.
    pub fn error(self, message: &str, exit_code: u8) {
        if self == Self::Json {
            say(
                "error",
                message,
                serde_json::json!({ "exit_code": exit_code }),
            );
        } else {
            let _ = writeln!(io::stderr(), "trailmill: {message}"); // nobody is left to tell
        }
    }
}

fn say(level: &str, message: &str, fields: Value) {
    let mut line = Map::new();
    line.insert("time".to_owned(), format(config::now()).into());
    line.insert("level".to_owned(), level.into());
    line.insert("message".to_owned(), message.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    let _ = writeln!(io::stderr(), "{}", Value::Object(line)); // a log that nobody takes stops no run
}
