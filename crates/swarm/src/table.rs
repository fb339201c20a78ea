//! Tables, and the few forms that several commands share.

use chrono::{DateTime, Local, Utc};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use crate::output::width;

/// A line under the header and nothing else: what is copied out of a terminal is the text.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table that fits the terminal. Cells are untrusted text, one line each.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = plain_table(width());
    table.set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| crate::progress::plain(&cell)));
    }
    text_of(&table)
}

/// An empty table of at most this many columns of text.
pub(crate) fn plain_table(width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// A table without the blanks that fill its lines.
pub(crate) fn text_of(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A time as the reader's clock shows it.
pub(crate) fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// An amount as people read it.
pub(crate) fn usd(micros: u64) -> String {
    swarm_domain::MicroUsd(micros).to_string()
}

/// Text of several lines without control characters, each line behind `indent`.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|line| format!("{indent}{}", legible(line)).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Text of several lines, with its own indentation and without control characters.
pub(crate) fn legible(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}
