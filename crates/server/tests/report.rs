//! The record as a document for people.

use std::{fs, process::Command};

use reqwest::StatusCode;

use crate::world::World;

/// What `pdftotext` reads of a report, where there is one.
async fn report(world: &World, query: &str) -> Option<String> {
    let answer = world.get(&format!("/api/audit/export?form=pdf{query}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    let report = answer.bytes().await.unwrap().to_vec();
    assert!(report.starts_with(b"%PDF-1.7\n") && report.ends_with(b"%%EOF\n"));
    let path = world.database.data_dir().join("report.pdf");
    fs::write(&path, &report).unwrap();
    let Ok(read) = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output() else {
        println!("skipped: there is no pdftotext here; Debian has it in poppler-utils");
        return None;
    };
    Some(String::from_utf8(read.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_up_to_the_checkpoint_that_it_names() {
    let world = World::new().await;
    let run = world.idle_run().await;
    world.note(0, 150, Some(&run)).await;
    let text = report(&world, "").await;
    let client = world.client();
    let signed = client.checkpoints(0, Some(1), true).await.unwrap().pop().unwrap();
    let key = client.audit_keys().await.unwrap().key.unwrap();
    if let Some(text) = text {
        assert!(text.contains(&format!("event {} with the hash {}", signed.size, signed.head)), "{text}");
        assert!(text.contains(&format!("--key '{key}'")), "{text}");
        for line in signed.note.lines().filter(|line| !line.is_empty()) {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        // 155 events and the reading itself, which is written down first.
        let shown = format!("End of the report: {} of the {} events", signed.size, signed.size);
        assert!(signed.size >= 156 && text.contains(&shown), "{text}");
        assert!(text.contains("audit_read") && text.contains("how: pdf"), "{text}");
        assert!(text.contains("page 3 of"), "{text}");
    }
    let text = report(&world, "&what=plan_*").await;
    if let Some(text) = text {
        assert!(text.contains("plan_proposed") && !text.contains("spec_added"), "{text}");
        assert!(text.contains("End of the report: 2 of the "), "{text}");
    }
    world.end().await;
}
