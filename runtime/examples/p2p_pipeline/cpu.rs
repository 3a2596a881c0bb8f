//! The host program on the CPU: a stream is a thread that performs what it is given, in order; memory is mapped, so that
//! a peer's part is read where it lies.
//!
//! Not modelled: the speed of a link. Copies and products share the processors, so that little is gained by overlapping
//! where there are fewer of them than threads.

use crate::shape::{Problem, Shape};
use crate::{Platform, Schedule};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Barrier, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// Ranks and streams as threads.
pub(crate) struct Cpu<'a> {
    problem: &'a Problem,
}

impl<'a> Cpu<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Cpu<'a> {
        Cpu { problem }
    }
}

impl Platform for Cpu<'_> {
    fn run(&mut self, schedule: Schedule) -> Result<(Vec<Vec<f32>>, Duration), String> {
        let ranks = self.problem.shape.ranks;
        let shared = Shared {
            problem: self.problem,
            parts: (0..ranks).map(|_| OnceLock::new()).collect(),
            produced: (0..ranks).map(|_| Event::default()).collect(),
            ready: Barrier::new(ranks as usize),
        };
        let workspaces: Vec<Workspace> = (0..ranks).map(|_| Workspace::new(&self.problem.shape, schedule)).collect();
        let times = std::thread::scope(|scope| {
            let (shared, workspaces) = (&shared, &workspaces);
            let start = |rank: u32| scope.spawn(move || shared.rank(rank, &workspaces[rank as usize], schedule));
            let threads: Vec<_> = (0..ranks).map(start).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.collect::<Result<Vec<Duration>, _>>().map_err(|_| "a rank panicked".to_owned())
        })?;
        let products = workspaces.into_iter().map(Workspace::product).collect();
        Ok((products, times.into_iter().max().unwrap_or_default()))
    }
}

/// What ranks reach of each other.
struct Shared<'a> {
    problem: &'a Problem,
    /// Each rank's part of A, in memory that peers have mapped.
    parts: Vec<OnceLock<Vec<f32>>>,
    /// The part is there.
    produced: Vec<Event>,
    /// Handles are exchanged.
    ready: Barrier,
}

/// A rank's own memory.
struct Workspace {
    /// Where tiles are received: one for each stream, or, one after the other, one for each tile.
    buffers: Vec<Mutex<Vec<f32>>>,
    /// C, by tiles.
    tiles: Vec<Mutex<Vec<f32>>>,
    /// The end of a stream's work, by stream.
    done: Vec<Event>,
    joined: Event,
}

impl Workspace {
    fn new(shape: &Shape, schedule: Schedule) -> Workspace {
        let buffers = match schedule {
            Schedule::Overlapped => shape.streams,
            Schedule::OneAfterTheOther => shape.ranks,
        };
        let room = || Mutex::new(vec![0.0; shape.most_rows() * shape.k]);
        let tile = |rank| Mutex::new(vec![0.0; shape.rows(rank).len() * shape.n]);
        Workspace {
            buffers: (0..buffers).map(|_| room()).collect(),
            tiles: (0..shape.ranks).map(tile).collect(),
            done: (0..shape.streams).map(|_| Event::default()).collect(),
            joined: Event::default(),
        }
    }

    fn product(self) -> Vec<f32> {
        let tiles = self.tiles.into_iter().map(|tile| tile.into_inner().unwrap_or_else(PoisonError::into_inner));
        tiles.flatten().collect()
    }
}

impl Shared<'_> {
    /// A rank's host program; how long its work took from when every rank was ready.
    fn rank(&self, rank: u32, workspace: &Workspace, schedule: Schedule) -> Duration {
        let shape = self.problem.shape;
        std::thread::scope(|scope| {
            let caller = Stream::new(scope);
            let streams: Vec<Stream<'_>> = (0..shape.streams).map(|_| Stream::new(scope)).collect();
            caller.run(move || {
                let _ = self.parts[rank as usize].set(self.problem.part(rank).to_vec());
            });
            caller.record(&self.produced[rank as usize]);
            self.ready.wait();
            let start = Instant::now();
            for stream in &streams {
                stream.wait(&self.produced[rank as usize]);
            }
            match schedule {
                Schedule::Overlapped => self.overlapped(rank, workspace, &streams),
                Schedule::OneAfterTheOther => self.one_after_the_other(rank, workspace, &streams[0]),
            }
            for (stream, done) in streams.iter().zip(&workspace.done) {
                stream.record(done);
                caller.wait(done);
            }
            caller.record(&workspace.joined);
            workspace.joined.wait();
            start.elapsed()
        })
    }

    fn overlapped<'s>(&'s self, rank: u32, workspace: &'s Workspace, streams: &[Stream<'s>]) {
        let shape = self.problem.shape;
        for step in 0..shape.ranks {
            let (index, tile) = ((step % shape.streams) as usize, shape.tile(rank, step));
            let (stream, buffer) = (&streams[index], &workspace.buffers[index]);
            if step > 0 {
                stream.wait(&self.produced[tile as usize]);
                stream.run(move || self.receive(tile, buffer));
            }
            stream.run(move || self.multiply(tile, (step > 0).then_some(buffer), workspace));
        }
    }

    fn one_after_the_other<'s>(&'s self, rank: u32, workspace: &'s Workspace, stream: &Stream<'s>) {
        let shape = self.problem.shape;
        for step in 1..shape.ranks {
            let tile = shape.tile(rank, step);
            stream.wait(&self.produced[tile as usize]);
            stream.run(move || self.receive(tile, &workspace.buffers[step as usize]));
        }
        for step in 0..shape.ranks {
            let buffer = (step > 0).then(|| &workspace.buffers[step as usize]);
            stream.run(move || self.multiply(shape.tile(rank, step), buffer, workspace));
        }
    }

    /// Copies a peer's part.
    fn receive(&self, tile: u32, buffer: &Mutex<Vec<f32>>) {
        let part = self.part(tile);
        lock(buffer)[..part.len()].copy_from_slice(part);
    }

    fn part(&self, rank: u32) -> &[f32] {
        self.parts[rank as usize].get().expect("its owner recorded the event after it was produced")
    }

    /// C[tile] = A[tile]·B, with the tile in a buffer, or this rank's own.
    fn multiply(&self, tile: u32, buffer: Option<&Mutex<Vec<f32>>>, workspace: &Workspace) {
        let Shape { n, k, .. } = self.problem.shape;
        let rows = self.problem.shape.rows(tile).len();
        let mut product = lock(&workspace.tiles[tile as usize]);
        let received = buffer.map(lock);
        let a = received.as_ref().map_or_else(|| self.part(tile), |buffer| &buffer[..rows * k]);
        let b = self.problem.b.as_slice();
        assert_eq!((a.len(), b.len(), product.len()), (rows * k, k * n, rows * n));
        let (a_stride, b_stride, c_stride) = (k as isize, n as isize, n as isize);
        // SAFETY: the matrices have these sizes, row by row, and the product is behind a lock that is held.
        unsafe {
            let (a, b, c) = (a.as_ptr(), b.as_ptr(), product.as_mut_ptr());
            matrixmultiply::sgemm(rows, k, n, 1.0, a, a_stride, 1, b, b_stride, 1, 0.0, c, c_stride, 1);
        }
    }
}

type Task<'s> = Box<dyn FnOnce() + Send + 's>;

/// A thread that performs tasks in order.
struct Stream<'s> {
    tasks: Sender<Task<'s>>,
}

impl<'s> Stream<'s> {
    fn new<'t>(scope: &'t Scope<'t, 's>) -> Stream<'s> {
        let (tasks, received) = channel::<Task<'s>>();
        scope.spawn(move || received.into_iter().for_each(|task| task()));
        Stream { tasks }
    }

    fn run(&self, task: impl FnOnce() + Send + 's) {
        self.tasks.send(Box::new(task)).expect("a stream lives as long as its sender");
    }

    /// The event has happened when what was run before has ended.
    fn record(&self, event: &'s Event) {
        self.run(|| event.happen());
    }

    /// What is run after this waits for the event.
    fn wait(&self, event: &'s Event) {
        self.run(|| event.wait());
    }
}

/// Something that happens once.
#[derive(Default)]
struct Event {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    fn happen(&self) {
        *lock(&self.happened) = true;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let happened = lock(&self.happened);
        drop(self.changed.wait_while(happened, |happened| !*happened));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
