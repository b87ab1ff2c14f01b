//! A stranger's Dockerfile, read and written anew so that the engine reads exactly what was looked at here.
//!
//! The engine that builds it also has other apps' images, and a network of its own. So everything that makes the engine reach
//! for something is settled before: what an image stands on, or copies from, is a stage of the same file or an image
//! that was fetched for it and is named by its id; nothing is fetched by `ADD`; no instruction waits for a later build. Each
//! instruction is written on one line of its own: where one ends is not left to be understood in two ways. The first one of
//! every stage is a label with the app's id, so that no step is ever shared with another app's build.
//!
//! Source: "Dockerfile reference".

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use oci_client::Reference;

use super::instructions::{Refusal, Source, escapes_by_backtick, opens_document, refused, sources};

/// Largest one that is read.
pub(super) const LIMIT: u64 = 256 << 10;
/// Engines can stack 127 layers; more is no Dockerfile.
const MAX_INSTRUCTIONS: usize = 400;
const MAX_STAGES: usize = 32;

/// What the machines are that images run on. The builder that came after the engine's own sets these by itself.
const PLATFORM_ARGS: [(&str, &str); 6] = [
    ("TARGETPLATFORM", "linux/amd64"),
    ("TARGETOS", "linux"),
    ("TARGETARCH", "amd64"),
    ("BUILDPLATFORM", "linux/amd64"),
    ("BUILDOS", "linux"),
    ("BUILDARCH", "amd64"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dockerfile {
    escape: char,
    instructions: Vec<Instruction>,
    /// Images that have to be there, by their full names.
    pub bases: BTreeSet<String>,
    /// What the user should know of how it was read.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Instruction {
    From {
        base: Base,
        stage: Option<String>,
    },
    /// `COPY` with `--from`: what stands before and after the flag.
    CopyFrom {
        flags: String,
        base: Base,
        rest: String,
    },
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Base {
    /// Of the same file, by name or number; or `scratch`.
    Stage(String),
    /// By its full name.
    Image(String),
}

impl Dockerfile {
    /// `args`: build arguments that are given.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn parse(text: &[u8], args: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let text = String::from_utf8_lossy(text);
        let text = text.trim_start_matches('\u{feff}');
        let escape = if escapes_by_backtick(text) { '`' } else { '\\' };
        let mut reader = Reader {
            given: args.clone(),
            known: PLATFORM_ARGS.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            stages: Vec::new(),
            file: Self { escape, instructions: Vec::new(), bases: BTreeSet::new(), notes: Vec::new() },
        };
        let sources = sources(text, escape)?;
        if sources.len() > MAX_INSTRUCTIONS {
            return Err(refused(0, format!("it has more than {MAX_INSTRUCTIONS} instructions")));
        }
        for source in sources {
            let instruction = reader.instruction(&source)?;
            reader.file.instructions.extend(instruction);
        }
        if reader.stages.is_empty() {
            return Err(refused(0, "it has no FROM, which says what the image is built on"));
        }
        Ok(reader.file)
    }

    /// The file to build from. `ids`: of every base; `label`: the first instruction of every stage.
    pub(super) fn write(&self, ids: &BTreeMap<String, String>, label: (&str, &str)) -> String {
        let named = |base: &Base| match base {
            Base::Stage(name) => name.clone(),
            Base::Image(image) => ids.get(image).unwrap_or(image).clone(),
        };
        let mut text = format!("# escape={}\n", self.escape);
        for instruction in &self.instructions {
            // Writing to a string cannot fail.
            let _ = match instruction {
                Instruction::From { base, stage } => {
                    let stage = stage.as_ref().map(|stage| format!(" AS {stage}")).unwrap_or_default();
                    writeln!(text, "FROM {}{stage}\nLABEL {}={}", named(base), label.0, label.1)
                }
                Instruction::CopyFrom { flags, base, rest } => {
                    writeln!(text, "COPY {flags}--from={} {rest}", named(base))
                }
                Instruction::Other(line) => writeln!(text, "{line}"),
            };
        }
        text
    }
}

/// Whether an instruction that a base image adds to whatever is built on it (`ONBUILD`) may run.
pub(super) fn is_harmless_trigger(trigger: &str) -> bool {
    let mut words = trigger.split_ascii_whitespace();
    let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
    match keyword.as_str() {
        "RUN" | "COPY" => !trigger.contains("--") && !trigger.contains('\n'),
        "ENV" | "ARG" | "LABEL" | "USER" | "WORKDIR" | "EXPOSE" | "CMD" | "ENTRYPOINT" => !trigger.contains('\n'),
        _ => false,
    }
}

struct Reader {
    given: BTreeMap<String, String>,
    /// Arguments before the first stage, and those that are always there: what `FROM` may name.
    known: BTreeMap<String, String>,
    /// Names of the stages so far, in lower case; empty for one without.
    stages: Vec<String>,
    file: Dockerfile,
}

impl Reader {
    fn instruction(&mut self, source: &Source) -> Result<Option<Instruction>, Refusal> {
        let Source { line, keyword, .. } = source;
        let line = *line;
        if self.stages.is_empty() && !matches!(keyword.as_str(), "FROM" | "ARG") {
            return Err(refused(line, format!("{keyword} comes before the first FROM")));
        }
        if !source.documents.is_empty() && keyword != "RUN" {
            return Err(refused(
                line,
                format!("{keyword} << is not known here: put the text into a file of the app and COPY it"),
            ));
        }
        let why_dropped = match keyword.as_str() {
            "VOLUME" => Some("dynos have no volumes: their disk is gone when they stop"),
            "HEALTHCHECK" => Some("a web dyno is up when it accepts connections on $PORT"),
            "STOPSIGNAL" => Some("dynos are told to stop by SIGTERM, and by SIGKILL if they do not"),
            _ => None,
        };
        if let Some(why) = why_dropped {
            self.file.notes.push(format!("{keyword} (line {line}) has no effect: {why}."));
            return Ok(None);
        }
        match keyword.as_str() {
            "FROM" => self.from(source).map(Some),
            "ARG" if self.stages.is_empty() => Ok(Some(self.global_argument(source))),
            "COPY" => self.copy(source).map(Some),
            "ADD" => add(source).map(Some),
            "RUN" => self.run(source).map(Some),
            "ONBUILD" => Err(refused(line, "ONBUILD has no use here: nothing is ever built on this image. Remove it")),
            "ARG" | "CMD" | "ENTRYPOINT" | "ENV" | "EXPOSE" | "LABEL" | "MAINTAINER" | "SHELL" | "USER" | "WORKDIR" => {
                no_flags(source)?;
                Ok(Some(Instruction::Other(format!("{keyword} {}", source.rest))))
            }
            _ => Err(refused(line, format!("{keyword} is no instruction"))),
        }
    }

    fn from(&mut self, source: &Source) -> Result<Instruction, Refusal> {
        let line = source.line;
        if self.stages.len() >= MAX_STAGES {
            return Err(refused(line, format!("it has more than {MAX_STAGES} stages")));
        }
        for (flag, value) in &source.flags {
            let platform = value.as_deref().and_then(|value| expand(value, &self.known));
            if flag != "platform"
                || !matches!(platform.as_deref(), Some("linux/amd64" | "linux/amd64/v1" | "linux" | ""))
            {
                return Err(refused(line, format!("FROM --{flag} cannot be honoured: images are for linux/amd64")));
            }
        }
        let words: Vec<&str> = source.rest.split_ascii_whitespace().collect();
        let (image, stage) = match words[..] {
            [image] => (image, None),
            [image, as_, stage] if as_.eq_ignore_ascii_case("as") => (image, Some(stage.to_ascii_lowercase())),
            _ => {
                return Err(refused(line, "FROM takes an image, and AS with a name for the stage: FROM image AS name"));
            }
        };
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
        };
        if let Some(stage) = stage.as_deref().filter(|stage| !is_name(stage)) {
            return Err(refused(line, format!("{stage:?} is no name of a stage: small letters, digits, -, _ and .")));
        }
        let Some(expanded) = expand(image, &self.known) else {
            return Err(refused(
                line,
                format!("what {image} stands for is not known: give its ARG, before the first FROM, a default"),
            ));
        };
        let base = if expanded == "scratch" { Base::Stage(expanded) } else { self.base(line, &expanded, false)? };
        self.stages.push(stage.clone().unwrap_or_default());
        Ok(Instruction::From { base, stage })
    }

    /// `by_number`: a stage may be named by its number too.
    fn base(&mut self, line: usize, name: &str, by_number: bool) -> Result<Base, Refusal> {
        let small = name.to_ascii_lowercase();
        if !small.is_empty() && self.stages.contains(&small) {
            return Ok(Base::Stage(small));
        }
        if by_number && name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
            return match name.parse::<usize>() {
                // The last one is the stage itself.
                Ok(number) if number + 1 < self.stages.len() => Ok(Base::Stage(number.to_string())),
                _ => Err(refused(line, format!("there is no stage {name} before this one"))),
            };
        }
        let full = canonical(name).ok_or_else(|| refused(line, format!("{name:?} is no name of an image")))?;
        self.file.bases.insert(full.clone());
        Ok(Base::Image(full))
    }

    /// One before the first stage. The engine reads it too, for those that name it again.
    fn global_argument(&mut self, source: &Source) -> Instruction {
        for word in source.rest.split_ascii_whitespace() {
            let (key, default) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            let default = default.and_then(|value| expand(unquoted(value), &self.known));
            if let Some(value) = self.given.get(key).cloned().or(default) {
                self.known.insert(key.to_owned(), value);
            }
        }
        Instruction::Other(format!("ARG {}", source.rest))
    }

    fn copy(&mut self, source: &Source) -> Result<Instruction, Refusal> {
        let line = source.line;
        let (mut flags, mut from) = (String::new(), None);
        for (flag, value) in &source.flags {
            match (flag.as_str(), value) {
                ("from", Some(value)) => {
                    let Some(name) = expand(value, &self.known) else {
                        return Err(refused(line, format!("COPY --from={value} must name a stage or an image")));
                    };
                    from = Some(self.base(line, &name, true)?);
                }
                ("chown", Some(value)) => flags.push_str(&format!("--chown={value} ")),
                // It saves time only.
                ("link", _) => {}
                ("chmod", Some(value)) => {
                    let hint = format!("COPY --chmod is not known here: use RUN chmod {value} after it");
                    return Err(refused(line, hint));
                }
                _ => return Err(refused(line, format!("COPY --{flag} is not known here"))),
            }
        }
        let rest = source.rest.clone();
        Ok(match from {
            Some(base) => Instruction::CopyFrom { flags, base, rest },
            None => Instruction::Other(format!("COPY {flags}{rest}")),
        })
    }

    fn run(&mut self, source: &Source) -> Result<Instruction, Refusal> {
        let line = source.line;
        for (flag, value) in &source.flags {
            let value = value.as_deref().unwrap_or_default();
            let is_cache = flag == "mount" && value.split(',').any(|part| part == "type=cache");
            match (flag.as_str(), value) {
                // What it would have kept for the next build is in the image instead, and built again.
                _ if is_cache => {
                    let note = format!("RUN --mount=type=cache (line {line}) keeps nothing between builds here.");
                    if !self.file.notes.contains(&note) {
                        self.file.notes.push(note);
                    }
                }
                ("network", "default") => {}
                ("mount", _) => {
                    return Err(refused(
                        line,
                        "RUN --mount can only be type=cache here: COPY what it needs; builds have no secrets",
                    ));
                }
                _ => return Err(refused(line, format!("RUN --{flag} is not known here"))),
            }
        }
        if source.documents.is_empty() {
            return Ok(Instruction::Other(format!("RUN {}", source.rest)));
        }
        // A document that is the whole command is a script.
        let is_script = opens_document().find(&source.rest).is_some_and(|found| found.as_str() == source.rest);
        let script = match is_script {
            true => source.documents.rsplit_once('\n').map_or("", |(script, _)| script),
            false => &format!("{}\n{}", source.rest, source.documents),
        };
        if script.starts_with("#!") {
            return Err(refused(line, "RUN << with #! is not known here: put the script into a file of the app"));
        }
        let command = serde_json::to_string(&["/bin/sh", "-c", script]).unwrap_or_default();
        Ok(Instruction::Other(format!("RUN {command}")))
    }
}

/// It would have the engine itself fetch whatever a URL says, from its own place in the network. What a source is after its
/// variables, quotes and escapes is the engine's to find out, so there can be none.
fn add(source: &Source) -> Result<Instruction, Refusal> {
    let line = source.line;
    let mut flags = String::new();
    for (flag, value) in &source.flags {
        match (flag.as_str(), value) {
            ("chown", Some(value)) => flags.push_str(&format!("--chown={value} ")),
            _ => return Err(refused(line, format!("ADD --{flag} is not known here"))),
        }
    }
    let plain: String = source.rest.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    if plain.contains(['$', '\\', '`']) {
        return Err(refused(line, "ADD cannot have variables or escapes here: use COPY, which can"));
    }
    if plain.contains("//") && plain.contains(':') || plain.contains("git@") {
        return Err(refused(line, "ADD cannot fetch a URL here: use RUN with curl or git"));
    }
    Ok(Instruction::Other(format!("ADD {flags}{}", source.rest)))
}

fn no_flags(source: &Source) -> Result<(), Refusal> {
    match source.flags.first() {
        None => Ok(()),
        Some((flag, _)) => Err(refused(source.line, format!("{} --{flag} is not known here", source.keyword))),
    }
}

/// As the engine pulls it: `docker.io/library/debian:trixie`. `None`: it is none.
fn canonical(name: &str) -> Option<String> {
    let whole = name.parse::<Reference>().ok()?.whole();
    // With a registry in front it is taken for nothing else: not for an id, nor for a flag.
    whole.contains('/').then_some(whole)
}

/// `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`. `None`: it has other signs, or a variable that nobody knows.
fn expand(text: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let text = unquoted(text);
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        expanded.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let (name, modifier, word, end) = if let Some(inner) = after.strip_prefix('{') {
            let end = inner.find('}')?;
            let inside = &inner[..end];
            let name = inside.split(':').next()?;
            let modifier = inside[name.len()..].get(..2).unwrap_or_default();
            (name, modifier, inside[name.len()..].get(2..).unwrap_or_default(), end + 2)
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            (&after[..end], "", "", end)
        };
        let value = known.get(name).filter(|value| !value.is_empty());
        match (modifier, value) {
            ("" | ":-", Some(value)) => expanded.push_str(value),
            (":-", None) | (":+", Some(_)) if !word.contains('$') => expanded.push_str(word),
            (":+", None) => {}
            _ => return None,
        }
        rest = &after[end..];
    }
    expanded.push_str(rest);
    let is_plain = !expanded.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'\\`$".contains(c));
    (is_plain && !expanded.starts_with('-')).then_some(expanded)
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Dockerfile, String> {
        Dockerfile::parse(text.as_bytes(), &BTreeMap::new()).map_err(|refusal| refusal.to_string())
    }

    /// With every base named after its last part, and no label.
    fn written(text: &str) -> Vec<String> {
        let file = parse(text).unwrap();
        let ids = file.bases.iter().map(|base| (base.clone(), format!("<{base}>"))).collect();
        let text = file.write(&ids, ("l", "x"));
        text.lines().skip(1).filter(|line| *line != "LABEL l=x").map(str::to_owned).collect()
    }

    #[test]
    fn each_instruction_is_a_line_and_bases_are_named_by_what_they_are() {
        let text = "# syntax=docker/dockerfile:1\nARG V=22\n\nfrom --platform=$BUILDPLATFORM node:${V} as Build\n# no\nRUN a \\\n  # why\n\n  && b\nCOPY --link --from=build --chown=1:1 /a /b\nFROM build\nFROM example.test:5000/x\nCOPY --from=0 /a \\\n/b\nCOPY --from=nginx /c /d\n";
        assert_eq!(
            written(text),
            [
                "ARG V=22",
                "FROM <docker.io/library/node:22> AS build",
                "RUN a   && b",
                "COPY --chown=1:1 --from=build /a /b",
                "FROM build",
                "FROM <example.test:5000/x:latest>",
                "COPY --from=0 /a /b",
                "COPY --from=<docker.io/library/nginx:latest> /c /d",
            ]
        );
    }

    #[test]
    fn every_stage_begins_with_the_label() {
        let text = parse("FROM scratch AS a\nFROM a\nRUN x").unwrap().write(&BTreeMap::new(), ("paas", "1"));
        assert_eq!(text, "# escape=\\\nFROM scratch AS a\nLABEL paas=1\nFROM a\nLABEL paas=1\nRUN x\n");
    }

    #[test]
    fn what_would_reach_for_more_than_it_may_is_refused() {
        for (text, said) in [
            ("FROM a\nADD https://example.test/x /x", "cannot fetch a URL"),
            ("FROM a\nADD ht\"\"tp://x /x", "cannot fetch a URL"),
            ("FROM a\nADD [\"http://x\", \"/x\"]", "cannot fetch a URL"),
            ("FROM a\nADD [\"ht\\u0074p://x\", \"/x\"]", "variables or escapes"),
            ("FROM a\nADD $X /x", "variables or escapes"),
            ("FROM a\nADD git@example.test:x /x", "cannot fetch a URL"),
            ("FROM a\nADD --checksum=sha256:1 x /x", "--checksum is not known"),
            ("FROM a\nONBUILD COPY --from=b / /", "ONBUILD has no use"),
            ("FROM $X", "not known"),
            ("FROM a$(b)", "not known"),
            ("FROM \"a\\b\"", "not known"),
            ("FROM --platform=linux/arm64 a", "linux/amd64"),
            ("FROM a\nCOPY --from=$X / /", "must name a stage"),
            ("FROM a\nCOPY --from=0 / /", "no stage 0"),
            ("FROM a\nCOPY --from=1 / /", "no stage 1"),
            ("FROM a\nCOPY \"--from=b\" / /", ""),
            ("FROM a\nRUN --mount=type=secret,id=x cat", "can only be type=cache"),
            ("FROM a\nRUN --mount=type=bind,from=b,target=/b cat", "can only be type=cache"),
            ("FROM a\nRUN --network=host x", "--network is not known"),
            ("FROM a\nRUN --security=insecure x", "--security is not known"),
            ("FROM a\nNONSENSE x", "NONSENSE is no instruction"),
            ("RUN x", "before the first FROM"),
            ("", "no FROM"),
            ("FROM a\nRUN <<EOF\nx", "has no end"),
            ("FROM a\nCOPY <<EOF /x\nx\nEOF", "put the text into a file"),
            ("FROM a\nRUN x <<1\nx\n1", "no name"),
            ("FROM a\nRUN [ x ] 1<<\"a b\"\nx\n1", "no name"),
            ("FROM a as b c", "FROM takes an image"),
            ("FROM a\nRUN x \\ \\", "nothing follows"),
            ("FROM a\nRUN x \\\u{a0}\nCOPY --from=b / /", "nothing follows"),
        ] {
            match parse(text) {
                Err(why) => assert!(!said.is_empty() && why.contains(said), "{text:?}: {why}"),
                // A word of its own, which is a file's name and no option.
                Ok(file) => assert!(said.is_empty() && file.bases.len() == 1, "{text:?}: {file:?}"),
            }
        }
    }

    #[test]
    fn an_id_is_no_name() {
        for (name, full) in [
            ("abcdef012345", "docker.io/library/abcdef012345:latest"),
            ("sha256", "docker.io/library/sha256:latest"),
            ("127.0.0.1:5050/apps/x", "127.0.0.1:5050/apps/x:latest"),
        ] {
            assert_eq!(canonical(name).as_deref(), Some(full));
        }
        assert_eq!(canonical("sha256:abcdef").as_deref(), Some("docker.io/library/sha256:abcdef"));
        assert_eq!(canonical("a b"), None);
    }

    #[test]
    fn documents_are_scripts() {
        assert_eq!(
            written(
                "FROM a\nRUN <<EOF\necho 1\necho \"$2\"\nEOF\nRUN python3 <<'X' && y\nprint(1)\nX\nRUN z $((1<<4)) <<< a && perl -e '1 << 30'"
            ),
            [
                "FROM <docker.io/library/a:latest>",
                r#"RUN ["/bin/sh","-c","echo 1\necho \"$2\""]"#,
                r#"RUN ["/bin/sh","-c","python3 <<'X' && y\nprint(1)\nX"]"#,
                "RUN z $((1<<4)) <<< a && perl -e '1 << 30'",
            ]
        );
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let file = parse("FROM a\nVOLUME /data\nHEALTHCHECK CMD true\nRUN --mount=type=cache,target=/x y").unwrap();
        assert_eq!(file.notes.len(), 3);
        assert_eq!(
            written("FROM a\nVOLUME /data\nRUN --mount=type=cache,target=/x y"),
            ["FROM <docker.io/library/a:latest>", "RUN y"]
        );
    }

    #[test]
    fn arguments_before_the_first_stage_name_images() {
        let given = BTreeMap::from([("V".to_owned(), "3".to_owned())]);
        let file =
            Dockerfile::parse(b"ARG V=2 W=slim\nARG X=${V}-${W}\nFROM python:$X\nFROM a:${Y:-1}", &given).unwrap();
        let bases: Vec<&String> = file.bases.iter().collect();
        assert_eq!(bases, ["docker.io/library/a:1", "docker.io/library/python:3-slim"]);
    }

    #[test]
    fn a_backtick_can_be_the_escape() {
        let file = parse("# escape=`\nFROM a\nRUN x `\n  y\\\n").unwrap();
        assert_eq!(file.write(&BTreeMap::new(), ("l", "x")).lines().next(), Some("# escape=`"));
        assert_eq!(file.instructions.last(), Some(&Instruction::Other("RUN x   y\\".to_owned())));
    }

    #[test]
    fn triggers_of_a_base_copy_from_nowhere_else() {
        for trigger in ["RUN npm install", "COPY package.json /app/", "ENV A=b"] {
            assert!(is_harmless_trigger(trigger), "{trigger}");
        }
        for trigger in
            ["ADD . /app", "COPY --from=127.0.0.1:5050/apps/x / /", "copy  --from=x / /", "ONBUILD RUN x", ""]
        {
            assert!(!is_harmless_trigger(trigger), "{trigger}");
        }
    }

    proptest::proptest! {
        /// What is written is read as the same again: nothing hides in how a line ends.
        #[test]
        fn what_is_written_means_the_same(lines in proptest::collection::vec("(RUN|COPY|ENV|FROM|ADD|#)?[ -~\t]{0,30}[\\\\]?", 0..6)) {
            let text = format!("FROM a AS b\n{}", lines.join("\n"));
            if let Ok(file) = parse(&text) {
                let written = file.write(&BTreeMap::new(), ("l", "x"));
                let again = parse(&written).unwrap();
                let labels = |file: &Dockerfile| -> Vec<Instruction> {
                    let label = Instruction::Other("LABEL l=x".to_owned());
                    file.instructions.iter().filter(|line| **line != label).cloned().collect()
                };
                proptest::prop_assert_eq!(labels(&file), labels(&again), "{}", written);
            }
        }

        #[test]
        fn any_bytes_do_no_harm(text: Vec<u8>) {
            drop(Dockerfile::parse(&text, &BTreeMap::new()));
        }
    }
}
