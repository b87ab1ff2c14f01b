use paas_model::ProcessType;

use crate::bench::{Bench, app, config, folder};

/// Matrix: Python | pip | Flask and gunicorn
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_flask_app_is_built_and_answers() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("examples/python-flask")).await;
    assert_eq!(done.built().buildpack_description.as_deref(), Some("Python"));
    assert!(bench.get(done.built(), "/").await.contains("It runs."));
}

/// Matrix: Python | pip | Django with `collectstatic` and WhiteNoise
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_django_app_is_built_with_its_static_files() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("examples/python-django")).await;
    assert!(done.has_line("-----> $ python manage.py collectstatic --noinput"), "{}", done.transcript());
    let page = bench.get(done.built(), "/").await;
    assert!(page.contains("It runs."), "{page}");
    let style = page.split_once("href=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert!(bench.get(done.built(), &style).await.contains("font-family"));
}

/// Matrix: Python | pip | second and third builds, with the cache
#[tokio::test(flavor = "multi_thread")]
async fn pip_installs_again_only_when_the_requirements_change() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/python/test/pip-flask")).await;
    let first = bench.run(&request).await;
    request.cache_digest.clone_from(&first.built().cache_digest);
    let second = bench.run(&request).await;
    assert!(second.has_line("-----> Using packages of the last build: requirements.txt has not changed"));
    assert!(bench.get(second.built(), "/").await.contains("hello"));
    let out = bench.output(second.built(), "echo $PYTHONUNBUFFERED $WEB_CONCURRENCY $DYNO_RAM; which python").await;
    assert_eq!(out, "true 2 512\n/app/.heroku/python/bin/python\n");
}

/// Matrix: Python | uv | lock file
#[tokio::test(flavor = "multi_thread")]
async fn uv_installs_by_its_lock_file() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/python/test/uv")).await;
    assert!(bench.get(done.built(), "/").await.contains("hello"));
}

/// Matrix: Python | Poetry | lock file
#[tokio::test(flavor = "multi_thread")]
async fn poetry_installs_by_its_lock_file() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/python/test/poetry")).await;
    assert!(bench.get(done.built(), "/").await.contains("hello"));
}

/// Matrix: Python | Pipenv | lock file
#[tokio::test(flavor = "multi_thread")]
async fn pipenv_installs_by_its_lock_file() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/python/test/pipenv")).await;
    assert!(bench.get(done.built(), "/").await.contains("hello"));
}

/// Matrix: Python | pip | `bin/pre_compile`, `bin/post_compile`
#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_before_and_after_with_the_config_vars() {
    let mut bench = Bench::new().await;
    let hook = "#!/usr/bin/env bash\necho \"$GREETING from ${0##*/}\" >> hooks.txt\n";
    let files = [("requirements.txt", ""), ("bin/pre_compile*", hook), ("bin/post_compile", hook)];
    let mut request = bench.request(app(&files)).await;
    request.config = config(&[("GREETING", "hello"), ("PATH", "/nowhere")]);
    let done = bench.run(&request).await;
    let out = bench.output(done.built(), "cat hooks.txt").await;
    assert_eq!(out, "hello from pre_compile\nhello from post_compile\n");
    assert!(!done.built().process_types.contains_key(&ProcessType::web()), "python has no default process types");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let bench = Bench::new().await;
    for (files, text) in [
        (&[("requirements.txt", ""), ("uv.lock", "")][..], "Multiple Python package manager files were found"),
        (&[("main.py", "")], "Couldn't find any supported Python package manager files"),
        (&[("requirement.txt", "flask")], "The file requirement.txt has a wrong name"),
        (&[("requirements.txt", ""), (".python-version", "nonsense; rm -rf /")], "Invalid Python version"),
        (&[("requirements.txt", ""), ("runtime.txt", "python-2.7.18")], "Invalid Python version"),
        (&[("requirements.txt", "no-such-package-of-ours==1")], "Installing the packages failed"),
    ] {
        let told = bench.build(app(files)).await.rejected();
        assert!(told.contains(text), "{told}");
        assert!(told.contains(" !     Push rejected, failed to compile Python app.\n\n !     Push failed"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_that_cannot_be_had_says_which_one_can() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.python = Some("http://127.0.0.1:9/".parse().unwrap());
    let told = bench.build(folder("buildpacks/python/test/unknown-version")).await.rejected();
    assert!(told.contains("Python 3.12 could not be had from http://127.0.0.1:9/"), "{told}");
    assert!(told.contains("echo 3.13 > .python-version"), "{told}");
}
