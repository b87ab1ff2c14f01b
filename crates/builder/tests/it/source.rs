use paas_model::ProcessType;

use crate::bench::{Bench, app};

#[tokio::test(flavor = "multi_thread")]
async fn slugignore_takes_files_away_before_the_buildpack_runs() {
    let mut bench = Bench::new().await;
    let files = [
        ("requirements.txt", ""),
        (".slugignore", "# comment\n*.psd\n/docs\ntmp/\n!keep.psd\r\nspec\r\n"),
        ("docs/a", ""),
        ("app/docs/b", ""),
        ("art/x y.psd", ""),
        ("keep.psd", ""),
        ("tmp/c", ""),
        ("spec/d", ""),
        (".git/config", "[core]"),
        ("bin/pre_compile*", "#!/usr/bin/env bash\nfind . -type f | LC_ALL=C sort > /tmp/seen; mv /tmp/seen .\n"),
    ];
    let done = bench.build(app(&files)).await;
    let seen = bench.output(done.built(), "cat seen").await;
    assert_eq!(seen, "./.slugignore\n./app/docs/b\n./bin/pre_compile\n./requirements.txt\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_one_directory_is_the_app_in_it() {
    let bench = Bench::new().await;
    let files = [("example-main/requirements.txt", ""), ("example-main/Procfile", "web: sleep 1")];
    assert_eq!(bench.build(app(&files)).await.built().process_types[&ProcessType::web()], "sleep 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_procfile_from_windows_is_read_as_it_was_meant() {
    let bench = Bench::new().await;
    let procfile = "\u{feff}web: gunicorn app:app\r\nworker: python w.py\r\nnonsense";
    let done = bench.build(app(&[("requirements.txt", ""), ("Procfile", procfile)])).await;
    assert_eq!(done.built().process_types[&ProcessType::web()], "gunicorn app:app");
    assert!(done.has_line("       Procfile declares types -> web, worker"), "{}", done.transcript());
    assert!(done.has_line(" !     Procfile line 3 is not `type: command` and was left out: nonsense"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compile_environment_is_nearly_empty() {
    let mut bench = Bench::new().await;
    bench.config.extra_ca = None;
    // The pack exports config vars for its hooks; the variables of the shell itself are left out.
    let files = [
        ("requirements.txt", ""),
        ("bin/pre_compile*", "#!/usr/bin/env bash\ntr '\\0' '\\n' < /proc/$PPID/environ | cut -d= -f1\n"),
    ];
    let mut request = bench.request(app(&files)).await;
    request.config = crate::bench::config(&[("SECRET", "x")]);
    let done = bench.run(&request).await;
    done.built();
    let from = done.lines.iter().position(|line| line.contains("pre_compile hook")).unwrap() + 1;
    let mut names: Vec<&str> =
        done.lines[from..].iter().take_while(|line| line.starts_with("       ")).map(|line| line.trim()).collect();
    names.sort_unstable();
    assert_eq!(names, ["DYNO", "HOME", "PATH", "REQUEST_ID", "SOURCE_DATE_EPOCH", "SOURCE_VERSION", "STACK"]);
}
