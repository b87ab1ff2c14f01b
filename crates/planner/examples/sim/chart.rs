//! The run as an SVG: four panels over the same time, and what happened above them.

use std::fmt::Write as _;

use crate::story::{Run, Sample};

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 170.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 46.0;

const HOSTS: [(&str, &str); 6] = [
    ("ready", "#3f8f6b"),
    ("ready, spare", "#a5d3bd"),
    ("on their way", "#f2c14e"),
    ("draining", "#5b8def"),
    ("lost", "#d1495b"),
    ("ending", "#b9b9b9"),
];
const WANTED: &str = "#e3e3e3";
const UP: &str = "#3f8f6b";
const WAITING: &str = "#f2a03d";
const MOVES: &str = "#5b8def";
const COST: &str = "#7a4fa3";

pub(crate) fn draw(run: &Run) -> String {
    let height = TOP + 4.0 * (PANEL + GAP) + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, LEFT, 24.0, "#222222", "start", &format!("A pool of hosts over four hours, seed {}", run.seed));
    events(&mut svg, run, height);
    let panels: [fn(&mut String, &Run, f64); 4] = [hosts, dynos, moves, cost];
    for (n, panel) in (0_u32..).zip(panels) {
        panel(&mut svg, run, TOP + f64::from(n) * (PANEL + GAP));
    }
    svg.push_str("</svg>\n");
    svg
}

fn events(svg: &mut String, run: &Run, height: f64) {
    let mut last = f64::MIN;
    for (second, what) in &run.events {
        let x = x(run, *second);
        let bottom = height - GAP;
        line(svg, (x, TOP - 24.0), (x, bottom), "#dddddd", 1.0);
        // Labels that would lie on each other move on a little.
        last = x.max(last + 13.0);
        let _ = writeln!(
            svg,
            "<text x=\"{last:.1}\" y=\"{:.1}\" fill=\"#555555\" font-size=\"11\" transform=\"rotate(-60 {last:.1} {:.1})\">{what}</text>",
            TOP - 28.0,
            TOP - 28.0
        );
    }
}

/// Hosts by state, one on the other.
fn hosts(svg: &mut String, run: &Run, top: f64) {
    let most = most(run, |sample| f64::from(sample.hosts.iter().sum::<u32>()));
    frame(svg, run, top, "Hosts", most, |value| format!("{value:.0}"));
    for (list, (name, colour)) in HOSTS.iter().enumerate() {
        let below = |sample: &Sample| f64::from(sample.hosts[..list].iter().sum::<u32>());
        let above = |sample: &Sample| f64::from(sample.hosts[..=list].iter().sum::<u32>());
        area(svg, run, top, most, &below, &above, colour);
        legend(svg, top, list, name, colour);
    }
}

fn dynos(svg: &mut String, run: &Run, top: f64) {
    let most = most(run, |sample| f64::from(sample.wanted.max(sample.up)));
    frame(svg, run, top, "Dynos", most, |value| format!("{value:.0}"));
    area(svg, run, top, most, &|_| 0.0, &|sample| f64::from(sample.wanted), WANTED);
    steps(svg, run, top, most, &|sample| f64::from(sample.up), UP);
    let waits = |sample: &Sample| if sample.waiting > 0 { most * 0.04 } else { 0.0 };
    area(svg, run, top, most, &|_| 0.0, &waits, WAITING);
    for (n, (name, colour)) in
        [("asked for", WANTED), ("up", UP), ("some wait for room", WAITING)].into_iter().enumerate()
    {
        legend(svg, top, n, name, colour);
    }
}

/// Dynos that a host made move, by the minute.
fn moves(svg: &mut String, run: &Run, top: f64) {
    let mut minutes = vec![0.0; usize::try_from(run.seconds / 60 + 1).unwrap_or(1)];
    for sample in &run.samples {
        if let Some(minute) = usize::try_from(sample.second / 60).ok().and_then(|minute| minutes.get_mut(minute)) {
            *minute += f64::from(sample.moves);
        }
    }
    let most = minutes.iter().copied().fold(1.0, f64::max);
    frame(svg, run, top, "Moves a minute", most, |value| format!("{value:.0}"));
    for (minute, moved) in (0_i64..).zip(&minutes).filter(|(_, moved)| **moved > 0.0) {
        let (left, high) = (x(run, minute * 60), y(top, most, *moved));
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{high:.1}\" width=\"4\" height=\"{:.1}\" fill=\"{MOVES}\"/>",
            top + PANEL - high
        );
    }
    legend(svg, top, 0, "off a host", MOVES);
}

fn cost(svg: &mut String, run: &Run, top: f64) {
    let most = most(run, |sample| sample.dollars_per_hour);
    frame(svg, run, top, "Cost an hour", most, |value| format!("${value:.2}"));
    steps(svg, run, top, most, &|sample| sample.dollars_per_hour, COST);
    legend(svg, top, 0, &format!("${:.2} in all", run.cost), COST);
    for hour in 0..=run.seconds / 3_600 {
        text(svg, x(run, hour * 3_600), top + PANEL + 18.0, "#555555", "middle", &format!("{hour} h"));
    }
}

// --- Parts ------------------------------------------------------------------------------------------------------------

fn frame(svg: &mut String, run: &Run, top: f64, title: &str, most: f64, label: impl Fn(f64) -> String) {
    text(svg, LEFT, top - 8.0, "#222222", "start", title);
    for part in [0.0, 0.5, 1.0] {
        let at = y(top, most, most * part);
        line(svg, (LEFT, at), (x(run, run.seconds), at), "#cccccc", 0.6);
        text(svg, LEFT - 8.0, at + 4.0, "#555555", "end", &label(most * part));
    }
}

fn legend(svg: &mut String, top: f64, n: usize, name: &str, colour: &str) {
    let at = top + 12.0 + 20.0 * f64::from(u32::try_from(n).unwrap_or(0));
    let left = WIDTH - RIGHT + 18.0;
    let _ = writeln!(svg, "<rect x=\"{left}\" y=\"{:.1}\" width=\"11\" height=\"11\" fill=\"{colour}\"/>", at - 10.0);
    text(svg, left + 17.0, at, "#333333", "start", name);
}

/// A line that stays at a value until the next sample.
fn steps(svg: &mut String, run: &Run, top: f64, most: f64, value: &dyn Fn(&Sample) -> f64, colour: &str) {
    let mut points = String::new();
    for (at, to, sample) in spans(run) {
        let level = y(top, most, value(sample));
        let _ = write!(points, "{:.1},{level:.1} {:.1},{level:.1} ", x(run, at), x(run, to));
    }
    let _ = writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>");
}

fn area(
    svg: &mut String,
    run: &Run,
    top: f64,
    most: f64,
    below: &dyn Fn(&Sample) -> f64,
    above: &dyn Fn(&Sample) -> f64,
    colour: &str,
) {
    let (mut upper, mut lower) = (Vec::new(), Vec::new());
    for (at, to, sample) in spans(run) {
        for second in [at, to] {
            upper.push(format!("{:.1},{:.1}", x(run, second), y(top, most, above(sample))));
            lower.push(format!("{:.1},{:.1}", x(run, second), y(top, most, below(sample))));
        }
    }
    lower.reverse();
    let _ = writeln!(svg, "<polygon points=\"{} {}\" fill=\"{colour}\"/>", upper.join(" "), lower.join(" "));
}

/// From when to when each sample holds.
fn spans(run: &Run) -> impl Iterator<Item = (i64, i64, &Sample)> {
    let ends = run.samples.iter().skip(1).map(|sample| sample.second).chain([run.seconds]);
    run.samples.iter().zip(ends).map(|(sample, end)| (sample.second, end, sample)).filter(|(at, to, _)| at < to)
}

fn most(run: &Run, value: impl Fn(&Sample) -> f64) -> f64 {
    run.samples.iter().map(value).fold(1e-9, f64::max)
}

fn x(run: &Run, second: i64) -> f64 {
    let part = |seconds: i64| f64::from(u32::try_from(seconds).unwrap_or(0));
    LEFT + (WIDTH - LEFT - RIGHT) * part(second) / part(run.seconds).max(1.0)
}

fn y(top: f64, most: f64, value: f64) -> f64 {
    top + PANEL - PANEL * value / most
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, x: f64, y: f64, colour: &str, anchor: &str, what: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{what}</text>");
}
