//! How good accepted work is: what was measured of its code, the score that follows, and how scores go over time.
//!
//! A score judges nobody's work: what blocks is the validator's to say, and it has said so before. It shows whether code
//! that passes is also code that people will want to keep, and whether an agent or a model gets better at that or worse.

mod measures;
mod report;
mod score;

pub use measures::{COMPLEX, LONG, Measures};
pub use report::{AttemptQuality, QualityBy, QualityGroup, QualityReport, TrendPoint};
pub use score::{Part, PartScore, Quality};
