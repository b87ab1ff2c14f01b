use crate::bench::{Bench, app, body, buildpack, folder};

/// Matrix: apt | apt | a tool and a library, which Python compiles against; a second build with the cache
#[tokio::test(flavor = "multi_thread")]
async fn what_an_aptfile_names_is_there_for_the_next_buildpack_and_in_the_dyno() {
    let mut bench = Bench::new().await;
    let mut request = bench.request(folder("buildpacks/apt/test/tool-and-library")).await;
    request.buildpacks = vec![buildpack("heroku/apt"), buildpack("heroku/python")];
    let first = bench.run(&request).await;
    assert!(first.has_line("       <p><em>compiled</em></p>"), "{}", first.transcript());
    let answer = body(&bench.serve(first.built()).await.get("/").await);
    assert_eq!(answer, "<p><em>compiled</em></p>\nHello, world!\n");
    let headers = bench.output(first.built(), "ls .apt/usr/include; ls -d .apt/usr/lib/gcc").await;
    assert!(headers.contains("cmark.h") && !headers.contains("stdio.h"), "no second C library: {headers}");

    request.cache_digest.clone_from(&first.built().cache_digest);
    let second = bench.run(&request).await;
    assert!(second.has_line("       Using the packages of the last build"), "{}", second.transcript());
    assert_eq!(second.built().cache_digest, request.cache_digest);
}

/// Matrix: apt | apt | a repository of its own, a package by URL
#[tokio::test(flavor = "multi_thread")]
async fn repositories_and_urls_of_packages_are_taken() {
    let mut bench = Bench::new().await;
    let archive = "http://deb.debian.org/debian";
    let aptfile = format!(
        ":repo:deb [trusted=yes] {archive} bookworm main\n# An older one than the stack's.\nhello=2.10-3\n\
         {archive}/pool/main/s/sl/sl_5.02-1+b1_amd64.deb"
    );
    let mut request = bench.request(app(&[("Aptfile", &aptfile), ("Procfile", "web: hello")])).await;
    request.buildpacks = vec![buildpack("heroku-community/apt")];
    let done = bench.run(&request).await;
    assert!(done.has_line("       Installing hello_2.10-3_amd64.deb"), "{}", done.transcript());
    let out = bench.output(done.built(), "hello; ls .apt/usr/games/sl").await;
    assert_eq!(out, "Hello, world!\n.apt/usr/games/sl\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_an_aptfile_are_explained() {
    let bench = Bench::new().await;
    for (aptfile, text) in [
        (
            "hello\nno-such-package-of-ours",
            "Error: There is no package no-such-package-of-ours in the lists of debian-13.",
        ),
        ("hello; rm -rf /", "what is no name of a package: hello;"),
        ("--print-uris", "what is no name of a package: --print-uris"),
        (
            "http://me:token@deb.debian.org/no-such.deb?key=secret",
            "could be fetched from http://deb.debian.org/no-such.deb\n",
        ),
        (
            ":repo:deb http://deb.debian.org/debian no-such-suite main\nhello",
            "The lists of packages could not be read.",
        ),
    ] {
        let mut request = bench.request(app(&[("Aptfile", aptfile)])).await;
        request.buildpacks = vec![buildpack("heroku/apt")];
        let told = bench.run(&request).await.rejected();
        assert!(told.contains(text) && !told.contains("token") && !told.contains("secret"), "{told}");
        assert!(told.contains(" !     Push rejected, failed to compile Apt app.\n\n !     Push failed"), "{told}");
    }
}
