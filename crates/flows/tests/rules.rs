//! The rules for Prometheus say what swarm itself would.

use std::{collections::BTreeSet, fs, path::Path};

use serde::Deserialize;
use swarm_domain::{
    alert::{AlertBounds, AlertKind},
    vitals::{self, Vitals},
};

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: String,
    expr: String,
}

fn rules() -> Vec<Rule> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus/swarm.rules.yml");
    let file: File = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}

#[test]
fn every_figure_that_a_rule_names_is_one_that_is_exported() {
    let figures = vitals::figures(&Vitals::default());
    let known: BTreeSet<_> = figures.iter().map(|figure| figure.name).collect();
    for rule in rules() {
        let words = rule.expr.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named: Vec<_> = words.filter(|word| word.starts_with("swarm_")).collect();
        assert!(!named.is_empty(), "{} names no figure", rule.alert);
        for name in named {
            assert!(known.contains(name), "{} names {name}: {known:?}", rule.alert);
        }
        // Labels too: a filter that fits nothing is an alert that never comes.
        for part in rule.expr.split("part=\"").skip(1) {
            let part = part.split('"').next().unwrap().to_owned();
            let fits = figures.iter().any(|figure| figure.labels.contains(&("part", part.clone())));
            assert!(fits, "{}: no figure has the part {part}", rule.alert);
        }
    }
}

#[test]
fn each_alert_has_a_rule_with_its_own_bound() {
    let (bounds, rules) = (AlertBounds::default(), rules());
    for kind in AlertKind::ALL {
        let rule = rules.iter().find(|rule| rule.alert == kind.word());
        let bound = rule.and_then(|rule| rule.expr.rsplit_once(" >= ")).map(|(_, bound)| bound.trim());
        let raise = bounds.of(kind).raise;
        // Prometheus has parts of one where people have percent.
        let wanted = if kind == AlertKind::BudgetBurn { format!("0.{raise}") } else { raise.to_string() };
        assert_eq!(bound, Some(wanted.as_str()), "{kind}");
    }
    assert_eq!(rules.len(), AlertKind::ALL.len());
}
