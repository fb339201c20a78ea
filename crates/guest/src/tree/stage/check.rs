//! Whether changes can be carried out on what is there, before any of them is.

use std::{collections::BTreeMap, ops::Bound};

use super::{EntryPath, Known, TreeError, Waiting};
use crate::tree::Stamp;

/// What lies in a folder needs that folder; what becomes no folder has nothing left in it; what goes was there.
pub(super) fn fits(entries: &BTreeMap<EntryPath, Waiting>, known: &Known) -> Result<(), TreeError> {
    let is_folder = |path: &EntryPath| match entries.get(path) {
        Some(waiting) => matches!(waiting, Waiting::Folder { .. }),
        None => known.get(path).is_some_and(Stamp::is_folder),
    };
    for (path, waiting) in entries {
        let refuse = |why: &str| Err(TreeError::Refused(format!("{path} {why}")));
        match waiting {
            Waiting::Gone if !known.contains_key(path) => return refuse("is to go and was never there"),
            Waiting::Gone => {}
            _ if path.split().0.is_some_and(|parent| !is_folder(&parent)) => {
                return refuse("lies in something that is no folder");
            }
            Waiting::Folder { .. } => continue,
            Waiting::Beside { .. } => {}
        }
        let stays = known
            .range::<EntryPath, _>((Bound::Excluded(path), Bound::Unbounded))
            .map(|(inner, _)| inner)
            // `a-b` stands between `a` and `a/b`.
            .take_while(|inner| inner.as_bytes().starts_with(path.as_bytes()))
            .any(|inner| inner.is_below(path) && !matches!(entries.get(inner), Some(Waiting::Gone)));
        if stays {
            return refuse("is to be no folder and something stays in it");
        }
    }
    Ok(())
}
