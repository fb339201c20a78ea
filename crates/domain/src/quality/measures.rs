//! What is measured of an attempt, in whole numbers.

use serde::{Deserialize, Serialize};

/// The most independent paths of a function that is not complex: `McCabe`'s own bound ("A Complexity Measure", 1976), which
/// NIST SP 500-235 confirms.
pub const COMPLEX: u32 = 10;
/// The most lines of a function that is not long: what fits a printed page (Holzmann, "The Power of Ten", rule 4).
pub const LONG: u32 = 60;

/// What was measured of an attempt's change. Tests are left out of all that is about code: they repeat themselves for
/// good reason, and how good they are is told by the faults that they notice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measures {
    /// Changed files of code that were read by their grammar.
    pub files: u32,
    /// Changed files of code that could not be: too large, generated, no text, no time.
    pub unread: u32,
    /// Lines with code on them that the attempt added; blank lines and comments do not count.
    pub lines: u32,
    /// Functions that it wrote or changed.
    pub functions: u32,
    /// Those of them with more than 10 independent paths.
    pub complex: u32,
    /// The independent paths through the worst of them (cyclomatic complexity); 0 where there is no function.
    pub worst: u32,
    /// Which one that is: `a.py:3 parse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_at: Option<String>,
    /// Functions of more than 60 lines.
    pub long: u32,
    /// Tokens of code that the attempt added.
    pub tokens: u32,
    /// Those of them that stand in the change or in the repository already, names and literals aside.
    pub duplicated: u32,
    /// One such place: `a.py:3 repeats b.py:10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_at: Option<String>,
    /// Files of the repository that it was compared with.
    pub compared: u32,
    /// Files of the repository that it was not compared with: there are too many, or there was no time.
    pub left_out: u32,
    /// What the gate warned of.
    pub warnings: u32,
    /// How many times the code was made wrong to try the attempt's own tests; 0 where it brought none.
    pub mutants: u32,
    /// How often they noticed.
    pub killed: u32,
}
