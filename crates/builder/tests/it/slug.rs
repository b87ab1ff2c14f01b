//! What becomes of a build.

use paas_builder::BuildRequest;
use paas_model::BuildId;
use uuid::Uuid;

use crate::bench::{Bench, app_that_runs, config, folder};

#[tokio::test]
async fn the_value_of_a_config_var_is_masked_in_the_output_and_warned_of_in_the_slug() {
    let bench = Bench::new().await;
    let script =
        "echo \"the key is $API_KEY, the mode $NODE_ENV\"\necho \"KEY=$API_KEY\" >.env\necho \"$NODE_ENV\" >mode";
    let mut request = bench.request(app_that_runs(script)).await;
    request.config = config(&[("API_KEY", "sk_0123456789abcdef"), ("NODE_ENV", "production")]);
    let done = bench.run(&request).await;
    done.built();
    assert!(done.transcript().contains("the key is [API_KEY], the mode production"), "{}", done.transcript());
    assert!(!done.transcript().contains("sk_0123"), "{}", done.transcript());
    let warnings: Vec<_> = done.lines.iter().filter(|line| line.contains("holds the value")).collect();
    let warning = " !     Warning: .env holds the value of the config var API_KEY, for everybody who gets the slug.";
    assert_eq!(warnings, [warning]);
}

#[tokio::test]
async fn the_same_build_makes_the_same_slug_another_time() {
    let bench = Bench::new().await;
    for fixture in ["python/test/pip-flask", "python/test/uv", "nodejs/test/npm-lock", "static/test/site"] {
        let first = bench.request(folder(&format!("buildpacks/{fixture}"))).await;
        let again = BuildRequest { build_id: BuildId::from(Uuid::now_v7()), ..first.clone() };
        let (first, again) = (bench.run(&first).await, bench.run(&again).await);
        assert_eq!(first.built().slug, again.built().slug, "{fixture}");
    }
}
