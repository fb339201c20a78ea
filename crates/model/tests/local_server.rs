//! A real small model on a real compatible server: set `SWARM_TEST_BASE_URL`, such as `http://127.0.0.1:8080/v1`.

use swarm_model::{Call, ChatRequest, ModelsConfig, ReplyFormat};

use crate::provider::{FixedClock, question};

#[tokio::test]
async fn a_small_model_answers_in_text_and_by_a_schema() {
    let Ok(base_url) = std::env::var("SWARM_TEST_BASE_URL") else {
        println!("skipped: SWARM_TEST_BASE_URL names no OpenAI-compatible server");
        return;
    };
    let env = |name: &str| (name == "OPENAI_BASE_URL").then(|| base_url.clone());
    let chosen =
        ModelsConfig::default().with_environment(&env).open(&env, FixedClock::shared(), None).await.unwrap();
    println!("{} {:?}", chosen.sentence, chosen.gateway.capabilities(&[]).unwrap());
    let answer =
        chosen.gateway.call(Call::new(Vec::new(), question("Say hello in one word."))).await.unwrap();
    println!("{answer:?}");
    assert!(!answer.reply.text.is_empty() && answer.spend.tokens_out > 0);

    let schema = serde_json::json!({
        "type": "object",
        "properties": {"capital": {"type": "string"}, "letters": {"type": "integer"}},
        "required": ["capital", "letters"],
        "additionalProperties": false,
    });
    let format = ReplyFormat::Json { name: "capital".into(), schema };
    let asked = ChatRequest {
        format,
        seed: Some(7),
        ..question("The capital of France, and its number of letters, as JSON.")
    };
    let answer = chosen.gateway.call(Call::new(Vec::new(), asked)).await.unwrap();
    println!("{}", answer.reply.text);
    let value: serde_json::Value = serde_json::from_str(&answer.reply.text).unwrap();
    assert!(value["capital"].is_string() && value["letters"].is_i64());
}
