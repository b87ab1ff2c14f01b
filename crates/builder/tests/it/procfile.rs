use paas_model::ProcessType;

use crate::bench::{Bench, app, body};

const SERVER: &str =
    "#!/usr/bin/env bash\nmkdir site; echo hello >site/index.html; exec python3 -m http.server -d site $PORT\n";

/// Matrix: Ready programs | none | a program and a Procfile
#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_ready_programs_runs_as_it_is() {
    let mut bench = Bench::new().await;
    let files = [("Procfile", "web: ./server\nworker: bin/missing\n"), ("server*", SERVER)];
    let done = bench.build(app(&files)).await;
    assert!(done.has_line("-----> Procfile app detected"), "{}", done.transcript());
    assert!(done.has_line("-----> Nothing to build: the app runs as it was pushed"), "{}", done.transcript());
    let warning =
        " !     Warning: the Procfile starts bin/missing, which is not in the app. Is it left out by a .gitignore?";
    assert!(done.has_line(warning), "{}", done.transcript());
    assert_eq!(done.built().process_types[&ProcessType::web()], "./server");
    assert!(done.built().buildpacks.is_empty(), "the next push may have a language");
    assert_eq!(body(&bench.serve(done.built()).await.get("/").await), "hello\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_be_started_is_warned_of() {
    let bench = Bench::new().await;
    let done = bench.build(app(&[("Procfile", "web: PORT=1 ./server --x\n"), ("server", SERVER)])).await;
    done.built();
    let warning = " !     Warning: server is not executable. In git: git update-index --chmod=+x server";
    assert!(done.has_line(warning), "{}", done.transcript());
}
