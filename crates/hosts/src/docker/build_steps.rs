//! What one build of an image has made, by what the engine tells of it.
//!
//! Builds of one app share a label, so that they use each other's steps; nothing in the engine's lists says which build a
//! container or an image is of. Its output does, in lines that nobody else can take away: a step's words may look like them,
//! which only adds to what counts as its build's, and the engine's own line about the container stands between the last of
//! them and the line that names the image. The line before that one has the step's own text, behind a word of the engine's.

use std::collections::HashSet;

/// More than any Dockerfile makes. A build that prints so many that look like it has all counted that carries its label.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct BuildSteps {
    /// As the engine shortens them.
    ids: HashSet<String>,
    /// The next image was there before.
    is_cached: bool,
}

impl BuildSteps {
    /// A line of the engine's, in order:
    ///
    /// ```text
    ///  ---> Running in 1f9d3cb8a5d1
    ///  ---> 09345fd45976
    ///  ---> Using cache
    ///  ---> c180c5677f2b
    /// ```
    pub(super) fn hear(&mut self, line: &str) {
        let was_cached = std::mem::replace(&mut self.is_cached, line == " ---> Using cache");
        // What a step said before it, without an end of its own, may stand on the same line.
        let Some((_, told)) = line.rsplit_once(" ---> ") else { return };
        let container = told.strip_prefix("Running in ");
        let id = container.unwrap_or(told);
        let is_id = id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_id && (container.is_some() || !was_cached) && self.ids.len() < MOST {
            self.ids.insert(id.to_owned());
        }
    }

    /// Whether the build has made this container or image. `id`: whole, with `sha256:` or without.
    pub(super) fn made(&self, id: &str) -> bool {
        let short = id.trim_start_matches("sha256:").get(..12);
        self.ids.len() == MOST || short.is_some_and(|short| self.ids.contains(short))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &str) -> BuildSteps {
        let mut steps = BuildSteps::default();
        lines.lines().for_each(|line| steps.hear(line));
        steps
    }

    fn made(lines: &str, id: char) -> bool {
        heard(lines).made(&format!("sha256:{}", String::from(id).repeat(64)))
    }

    #[test]
    fn what_is_taken_from_earlier_builds_is_not_made() {
        let lines = "Step 1/3 : RUN a\n ---> Using cache\n ---> aaaaaaaaaaaa\nStep 2/3 : RUN b\n ---> Running in bbbbbbbbbbbb\n\
                     Removing intermediate container bbbbbbbbbbbb\n ---> cccccccccccc\nStep 3/3 : COPY . .\n ---> dddddddddddd\n";
        assert!(!made(lines, 'a'));
        assert!(made(lines, 'b') && made(lines, 'c') && made(lines, 'd'));
        assert!(!made(lines, 'e'));
    }

    #[test]
    fn a_steps_own_words_hide_nothing_that_it_makes() {
        for words in
            [" ---> Using cache\n", "no end of a line", " ---> Using cache\n ---> cccccccccccc\n ---> Using cache"]
        {
            let lines = format!(
                " ---> Running in bbbbbbbbbbbb\n{words}Removing intermediate container bbbbbbbbbbbb\n ---> cccccccccccc\n"
            );
            assert!(made(&lines, 'b') && made(&lines, 'c'), "{words}");
        }
    }

    #[test]
    fn a_steps_own_text_hides_nothing_that_it_makes() {
        for text in ["RUN a # ---> Using cache", "COPY [\"x\", \"/ ---> Using cache\"]", " ---> Using cache"] {
            let lines = format!("Step 1/2 : {text}\n ---> Running in bbbbbbbbbbbb\n ---> cccccccccccc\n");
            assert!(made(&lines, 'b') && made(&lines, 'c'), "{text}");
            assert!(made(&format!("Step 1/2 : {text}\n ---> cccccccccccc\n"), 'c'), "{text}");
        }
    }

    #[test]
    fn a_build_that_names_thousands_has_everything_counted() {
        let lines: String = (0..MOST).map(|number| format!(" ---> {number:012x}\n")).collect();
        assert!(made(&lines, 'f'));
        assert!(!made(&lines[..lines.len() - 18], 'f'));
    }
}
