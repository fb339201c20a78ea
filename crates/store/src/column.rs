//! How the domain's types stand in columns: written as text and whole numbers, checked again when they are read.

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};
use swarm_domain::{MicroUsd, Problem, budget::Spend, id::InvalidId};

use crate::{Result, StoreError, canonical};

/// The columns of one row of a view, read by name.
pub(crate) struct Columns<'r> {
    table: &'static str,
    row: &'r PgRow,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row }
    }

    fn get<T: Decode<'r, Postgres> + Type<Postgres>>(&self, column: &str) -> Result<T> {
        self.row.try_get(column).map_err(|e| self.bad(column, e))
    }

    fn bad(&self, column: &str, detail: impl std::fmt::Display) -> StoreError {
        StoreError::corrupt(format!("{}.{column}", self.table), detail)
    }

    pub(crate) fn text(&self, column: &str) -> Result<String> {
        self.get(column)
    }

    pub(crate) fn text_or_none(&self, column: &str) -> Result<Option<String>> {
        self.get(column)
    }

    pub(crate) fn texts(&self, column: &str) -> Result<Vec<String>> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.get(column)
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool> {
        self.get(column)
    }

    pub(crate) fn time(&self, column: &str) -> Result<DateTime<Utc>> {
        self.get(column)
    }

    pub(crate) fn time_or_none(&self, column: &str) -> Result<Option<DateTime<Utc>>> {
        self.get(column)
    }

    pub(crate) fn count(&self, column: &str) -> Result<u64> {
        Ok(count(self.get(column)?))
    }

    pub(crate) fn count_or_none(&self, column: &str) -> Result<Option<u64>> {
        Ok(self.get::<Option<i64>>(column)?.map(count))
    }

    /// A count that the domain holds in 32 bits.
    pub(crate) fn small(&self, column: &str) -> Result<u32> {
        self.get::<i64>(column)?.try_into().map_err(|e| self.bad(column, e))
    }

    pub(crate) fn small_or_none(&self, column: &str) -> Result<Option<u32>> {
        let stored: Option<i64> = self.get(column)?;
        stored.map(TryInto::try_into).transpose().map_err(|e| self.bad(column, e))
    }

    pub(crate) fn id<T: TryFrom<String, Error = InvalidId>>(&self, column: &str) -> Result<T> {
        T::try_from(self.text(column)?).map_err(|e| self.bad(column, e))
    }

    pub(crate) fn id_or_none<T: TryFrom<String, Error = InvalidId>>(
        &self,
        column: &str,
    ) -> Result<Option<T>> {
        let text = self.text_or_none(column)?;
        text.map(T::try_from).transpose().map_err(|e| self.bad(column, e))
    }

    pub(crate) fn ids<T: TryFrom<String, Error = InvalidId>>(&self, column: &str) -> Result<Vec<T>> {
        let texts = self.texts(column)?.into_iter();
        texts.map(T::try_from).collect::<std::result::Result<_, _>>().map_err(|e| self.bad(column, e))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(self.get(column)?).map_err(|e| self.bad(column, e))
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text: Option<&str> = self.get(column)?;
        text.map(serde_json::from_str).transpose().map_err(|e| self.bad(column, e))
    }

    /// An enum without data, such as a rung.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_value(self.text(column)?.into()).map_err(|e| self.bad(column, e))
    }

    pub(crate) fn word_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let word = self.text_or_none(column)?;
        word.map(|word| serde_json::from_value(word.into())).transpose().map_err(|e| self.bad(column, e))
    }

    /// A state from the columns `state` and `problem`: some states have one.
    pub(crate) fn state<T: DeserializeOwned>(&self) -> Result<T> {
        let mut fields = serde_json::Map::new();
        fields.insert("state".to_owned(), self.text("state")?.into());
        if let Some(problem) = self.json_or_none("problem")? {
            fields.insert("problem".to_owned(), problem);
        }
        serde_json::from_value(fields.into()).map_err(|e| self.bad("state", e))
    }

    pub(crate) fn spend(&self) -> Result<Spend> {
        Ok(Spend {
            usd: MicroUsd(self.count("usd")?),
            tokens_in: self.count("tokens_in")?,
            tokens_out: self.count("tokens_out")?,
            calls: self.count("calls")?,
        })
    }
}

/// Writes a value as canonical JSON.
pub(crate) fn to_json(place: &'static str, value: &impl Serialize) -> Result<String> {
    let value = serde_json::to_value(value).map_err(|e| StoreError::corrupt(place, e))?;
    canonical::text(&value).map_err(|e| StoreError::corrupt(place, e))
}

/// Writes the problem that goes with some states.
pub(crate) fn problem(problem: Option<&Problem>) -> Result<Option<String>> {
    problem.map(|problem| to_json("a problem", problem)).transpose()
}

/// Writes an enum without data as its word.
pub(crate) fn to_word(place: &'static str, value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::corrupt(place, format!("`{other}` is not a word"))),
        Err(error) => Err(StoreError::corrupt(place, error)),
    }
}

/// A count as PostgreSQL holds it, which has one bit less.
pub(crate) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was stored.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}
