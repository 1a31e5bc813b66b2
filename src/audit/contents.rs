//! A data file against what its entry says of it.

use crate::commit::DataFile;
use crate::table::{SCHEMA_VERSION, TABLES, Table};
use crate::trail::time::{DAY, parse_date};

/// Returns a table by its name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.name == name)
}

/// Returns the column whose values `times` are about, where it is in the files.
pub fn time_column(table: &Table) -> Option<&'static str> {
    let column = &table.columns[*table.order.first()?];
    column.is_written().then_some(column.name)
}

/// What a data file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its rows.
    pub rows: u64,
    /// `trailmill.schema_version`.
    pub schema_version: Option<String>,
    /// `trailmill.table`.
    pub table: Option<String>,
    /// The first and last value of [`time_column`], by the statistics of its row groups.
    pub times: Option<(i64, i64)>,
}

/// Holds what an entry says of a file against what the file says.
pub fn check_contents(file: &DataFile, contents: &Contents) -> Vec<String> {
    let mut wrong = Vec::new();
    if contents.rows != file.rows {
        wrong.push(format!(
            "it has {} rows, and its entry says {}",
            contents.rows, file.rows
        ));
    }
    if contents.table.as_deref() != Some(&file.table) {
        wrong.push(match &contents.table {
            Some(table) => format!("it is of table {table}, and its entry says {}", file.table),
            None => "it does not say of which table it is: trailmill did not write it".to_owned(),
        });
    }
    let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
    let version = contents.schema_version.as_deref();
    if version.map(major) != Some(major(SCHEMA_VERSION)) {
        wrong.push(format!(
            "its schema version is {}, and this trailmill knows {SCHEMA_VERSION}: use one that fits",
            version.unwrap_or("not there")
        ));
    }
    match table(&file.table) {
        Some(table) => check_times(file, table, contents.times, &mut wrong),
        None => wrong.push(format!(
            "this trailmill knows no table {}: its times are not checked",
            file.table
        )),
    }
    wrong
}

/// The partition in the path, the times in the entry and the times in the file.
fn check_times(file: &DataFile, table: &Table, found: Option<(i64, i64)>, wrong: &mut Vec<String>) {
    let Some(day) = partition(&file.path, table) else {
        wrong.push(format!(
            "its path is not {}/{}=<date>/<name>.parquet, as every file of this table has",
            table.name, table.partition
        ));
        return;
    };
    let Some((first, last)) = file.times else {
        if file.rows > 0 {
            wrong.push("its entry does not say of what times it is".to_owned());
        }
        return;
    };
    let day = day..day + DAY;
    if first > last || !day.contains(&first) || !day.contains(&last) {
        wrong.push(format!(
            "its entry says that it is of the times {first} to {last} (microseconds since 1970), which are not of the day in its path"
        ));
    }
    if time_column(table).is_some() && found != Some((first, last)) {
        let found = match found {
            Some((first, last)) => format!("{first} to {last}"),
            None => "not there".to_owned(),
        };
        wrong.push(format!(
            "its statistics say that its times are {found} (microseconds since 1970), and its entry says {first} to {last}"
        ));
    }
}

/// Returns the first moment of the day that a path is of; nothing where it is not a path of the table.
fn partition(path: &str, table: &Table) -> Option<i64> {
    let mut parts = path.split('/');
    let folder = parts.next()?;
    let (column, date) = parts.next()?.split_once('=')?;
    let name = parts.next()?;
    let is_of_table = folder == table.name && column == table.partition;
    (is_of_table && name.ends_with(".parquet") && parts.next().is_none())
        .then(|| parse_date(date))?
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    const DAY_1: &str = "events/event_date=1970-01-02/a-000.parquet";

    #[test]
    fn a_file_is_held_against_its_entry() {
        let sound = Contents {
            rows: 2,
            schema_version: Some(SCHEMA_VERSION.to_owned()),
            table: Some("events".to_owned()),
            times: Some((DAY, DAY + 1)),
        };
        assert!(check_contents(&file(DAY_1), &sound).is_empty());
        let wrong = |change: &dyn Fn(&mut DataFile, &mut Contents), words: &str| {
            let (mut file, mut contents) = (file(DAY_1), sound.clone());
            change(&mut file, &mut contents);
            let wrong = check_contents(&file, &contents);
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert!(wrong[0].contains(words), "{wrong:?}");
        };
        wrong(
            &|file, _| file.rows = 3,
            "it has 2 rows, and its entry says 3",
        );
        wrong(&|_, found| found.table = None, "trailmill did not write it");
        wrong(
            &|_, found| found.table = Some("insights".to_owned()),
            "of table insights",
        );
        wrong(
            &|_, found| found.schema_version = Some("2.0".to_owned()),
            "its schema version is 2.0",
        );
        wrong(
            &|_, found| found.schema_version = None,
            "its schema version is not there",
        );
        wrong(&|_, found| found.times = None, "its times are not there");
        wrong(
            &|_, found| found.times = Some((DAY, DAY)),
            "its statistics say",
        );
        wrong(&|file, _| file.times = None, "of what times it is");
        wrong(
            &|file, _| file.path = "events/a.parquet".to_owned(),
            "its path is not",
        );
        wrong(
            &|file, _| file.path = file.path.replace("1970-01-02", "1970-01-03"),
            "not of the day in its path",
        );
        wrong(
            &|file, found| {
                file.times = Some((i64::MIN, i64::MAX));
                found.times = file.times;
            },
            "not of the day in its path",
        );
    }
}
