//! One container in memory.

use std::{io, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{
    fake_files::FakeFiles,
    fake_http::FakePort,
    program::{Course, Program},
};
use crate::{ContainerName, ContainerSpec, ContainerState, ContainerStats, ContainerStatus, LogChunk, Signal};

pub(super) struct FakeContainer {
    /// Tells it from an earlier one of the same name.
    pub(super) serial: u64,
    pub(super) spec: ContainerSpec,
    pub(super) program: Program,
    pub(super) state: ContainerState,
    pub(super) is_frozen: bool,
    pub(super) log: Vec<LogChunk>,
    pub(super) files: FakeFiles,
    pub(super) memory_mb: u64,
    port: Option<FakePort>,
}

impl FakeContainer {
    pub(super) fn new(serial: u64, spec: ContainerSpec, program: Program) -> Self {
        Self {
            serial,
            spec,
            program,
            state: ContainerState::Created,
            is_frozen: false,
            log: Vec::new(),
            files: FakeFiles::default(),
            memory_mb: 1,
            port: None,
        }
    }

    pub(super) fn status(&self, name: &ContainerName) -> ContainerStatus {
        ContainerStatus {
            name: name.clone(),
            labels: self.spec.labels.clone(),
            state: self.state,
            is_frozen: self.is_frozen,
            address: self.port.as_ref().map(FakePort::address),
        }
    }

    /// Goes through the program's first moments: files, port, lines.
    pub(super) fn start(&mut self, mut now: impl FnMut() -> DateTime<Utc>) -> io::Result<()> {
        self.state = ContainerState::Running;
        for (path, contents) in &self.program.writes {
            self.files.write(path, contents.clone());
        }
        for line in &self.program.prints {
            self.log.push(LogChunk { at: now(), bytes: Bytes::from(format!("{line}\n")) });
        }
        if self.spec.port.is_some() {
            self.port = Some(FakePort::reserve()?);
        }
        match self.program.course.clone() {
            Course::Run { answer: Some(body) } => self.bind(&body)?,
            Course::Exit { status, out_of_memory } => self.end(status, out_of_memory),
            Course::Run { answer: None } | Course::Echo => {}
        }
        Ok(())
    }

    pub(super) fn bind(&mut self, body: &str) -> io::Result<()> {
        self.port.as_mut().map_or(Ok(()), |port| port.listen(body))
    }

    pub(super) fn print(&mut self, at: DateTime<Utc>, bytes: Bytes) {
        if self.runs() {
            self.log.push(LogChunk { at, bytes });
        }
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        let status = match signal {
            Signal::Kill => Some(137),
            Signal::Term | Signal::Hup => self.program.status_when_signalled,
        };
        if let (true, Some(status)) = (self.runs(), status) {
            self.end(status, false);
        }
    }

    /// Closes the port with its connections.
    pub(super) fn end(&mut self, exit_code: i64, out_of_memory: bool) {
        self.state = ContainerState::Ended { exit_code, out_of_memory };
        self.is_frozen = false;
        self.port = None;
    }

    /// `None`: it does not run.
    pub(super) fn stats(&self, at: DateTime<Utc>) -> Option<ContainerStats> {
        self.runs().then(|| ContainerStats {
            at,
            memory_mb: self.memory_mb,
            memory_limit_mb: self.spec.limits.memory_mb.into(),
            swap_mb: Some(0),
            cpu_used: Duration::from_millis(1),
            processes: 1,
        })
    }

    pub(super) const fn runs(&self) -> bool {
        matches!(self.state, ContainerState::Running)
    }

    pub(super) const fn exit_code(&self) -> Option<i64> {
        match self.state {
            ContainerState::Ended { exit_code, .. } => Some(exit_code),
            ContainerState::Created | ContainerState::Running => None,
        }
    }
}
