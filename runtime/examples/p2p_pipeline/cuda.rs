//! The host program on GPUs: streams, events, copies between peers, and cuBLAS. Ranks share devices where there are fewer.
//!
//! Memory comes from `cuMemAlloc` and is copied and multiplied by address: cudarc's own slices would wait for each other
//! by events of theirs, and hide an order that the program forgot. Events are recorded before any rank waits for them,
//! since waiting for one that never was recorded is no wait (CUDA driver API, `cuStreamWaitEvent`).

use crate::shape::{Problem, Shape};
use crate::{Platform, Schedule};
use cudarc::cublas::CudaBlas;
use cudarc::cublas::sys::cublasOperation_t::CUBLAS_OP_N;
use cudarc::driver::sys::{self, CUdeviceptr};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, result};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why there is no GPU to run on, if there is none.
pub(crate) fn available() -> Result<(), String> {
    // SAFETY: they look for libraries by name and load them, as every call would.
    let (driver, cublas) = unsafe { (sys::is_culib_present(), cudarc::cublas::sys::is_culib_present()) };
    if !driver {
        return Err("the driver library (libcuda) was not found".to_owned());
    }
    if !cublas {
        return Err("the cuBLAS library was not found".to_owned());
    }
    result::init().map_err(failed("cuInit"))?;
    match result::device::get_count().map_err(failed("cuDeviceGetCount"))? {
        count if count > 0 => Ok(()),
        _ => Err("the driver has no device".to_owned()),
    }
}

fn failed<E: Debug>(call: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error:?}")
}

/// Ranks on devices.
pub(crate) struct Cuda<'a> {
    problem: &'a Problem,
    ranks: Vec<Rank>,
}

struct Rank {
    context: Arc<CudaContext>,
    caller: Arc<CudaStream>,
    streams: Vec<(Arc<CudaStream>, CudaBlas)>,
    /// This rank's rows of A, which peers copy.
    part: Memory,
    b: Memory,
    c: Memory,
    /// Where tiles are received: one for each stream, and one for each tile where that is more.
    buffers: Vec<Memory>,
}

impl<'a> Cuda<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Result<Cuda<'a>, String> {
        let devices = result::device::get_count().map_err(failed("cuDeviceGetCount"))?;
        let context = |number: i32| CudaContext::new(number as usize).map_err(failed("cuDevicePrimaryCtxRetain"));
        let contexts: Vec<Arc<CudaContext>> = (0..devices).map(context).collect::<Result<_, _>>()?;
        let shape = problem.shape;
        let rank = |rank: u32| Rank::new(problem, &contexts[rank as usize % contexts.len()]);
        Ok(Cuda { problem, ranks: (0..shape.ranks).map(rank).collect::<Result<_, _>>()? })
    }

    fn synchronize(&self) -> Result<(), String> {
        let streams = self.ranks.iter().flat_map(|rank| {
            let streams = rank.streams.iter().map(|(stream, _)| stream);
            streams.chain([&rank.caller])
        });
        streams.into_iter().try_for_each(|stream| stream.synchronize().map_err(failed("cuStreamSynchronize")))
    }

    /// Enqueues a rank's steps.
    fn enqueue(&self, rank: u32, schedule: Schedule, produced: &[CudaEvent]) -> Result<(), String> {
        let shape = self.problem.shape;
        let own = &self.ranks[rank as usize];
        for (stream, _) in &own.streams {
            stream.wait(&produced[rank as usize]).map_err(failed("cuStreamWaitEvent"))?;
        }
        let overlapped = schedule == Schedule::Overlapped;
        let place = |step: u32| if overlapped { (step % shape.streams) as usize } else { 0 };
        let buffer = |step: u32| if overlapped { place(step) } else { step as usize };
        if !overlapped {
            for step in 1..shape.ranks {
                self.receive(own, (place(step), buffer(step)), shape.tile(rank, step), produced)?;
            }
        }
        for step in 0..shape.ranks {
            let tile = shape.tile(rank, step);
            if overlapped && step > 0 {
                self.receive(own, (place(step), buffer(step)), tile, produced)?;
            }
            let a = if step == 0 { &own.part } else { &own.buffers[buffer(step)] };
            own.multiply(&shape, place(step), tile, a)?;
        }
        own.streams.iter().try_for_each(|(stream, _)| own.caller.join(stream).map_err(failed("cuStreamWaitEvent")))
    }

    /// Copies a peer's rows, once it has produced them.
    fn receive(
        &self,
        own: &Rank,
        (stream, buffer): (usize, usize),
        tile: u32,
        produced: &[CudaEvent],
    ) -> Result<(), String> {
        let (stream, _) = &own.streams[stream];
        stream.wait(&produced[tile as usize]).map_err(failed("cuStreamWaitEvent"))?;
        let (peer, to) = (&self.ranks[tile as usize], &own.buffers[buffer]);
        let bytes = size_of_val(self.problem.part(tile));
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: both hold the rows of any rank and live as long as the ranks, which end their streams first; the
        // event says that the source was written, and the stream's order keeps the destination.
        let copied = unsafe {
            let (from, into) = (peer.context.cu_ctx(), own.context.cu_ctx());
            result::memcpy_peer_async(into, to.pointer, from, peer.part.pointer, bytes, stream.cu_stream())
        };
        copied.map_err(failed("cuMemcpyPeerAsync"))
    }
}

impl Platform for Cuda<'_> {
    fn run(&mut self, schedule: Schedule) -> Result<(Vec<Vec<f32>>, Duration), String> {
        let shape = self.problem.shape;
        self.synchronize()?;
        let mut produced = Vec::new();
        for (rank, own) in (0..shape.ranks).zip(&self.ranks) {
            own.part.write(&own.caller, self.problem.part(rank))?;
            produced.push(own.caller.record_event(None).map_err(failed("cuEventRecord"))?);
        }
        let start = Instant::now();
        for rank in 0..shape.ranks {
            self.enqueue(rank, schedule, &produced)?;
        }
        let callers = || self.ranks.iter().map(|rank| &rank.caller);
        callers().try_for_each(|caller| caller.synchronize().map_err(failed("cuStreamSynchronize")))?;
        let time = start.elapsed();
        let read = |rank: &Rank| rank.c.read(&rank.caller, shape.m * shape.n);
        Ok((self.ranks.iter().map(read).collect::<Result<_, _>>()?, time))
    }
}

impl Drop for Cuda<'_> {
    fn drop(&mut self) {
        // Nothing may be freed under a copy; a failure here means that the device is lost, and its memory with it.
        let _ = self.synchronize();
    }
}

impl Rank {
    fn new(problem: &Problem, context: &Arc<CudaContext>) -> Result<Rank, String> {
        let Shape { ranks, m, n, k, streams } = problem.shape;
        let stream = || context.new_stream().map_err(failed("cuStreamCreate"));
        let with_blas = |_| {
            let stream = stream()?;
            Ok((stream.clone(), CudaBlas::new(stream).map_err(failed("cublasCreate"))?))
        };
        let rows = problem.shape.most_rows() * k;
        let memory = |elements: usize| Memory::new(context, elements);
        let rank = Rank {
            caller: stream()?,
            streams: (0..streams).map(with_blas).collect::<Result<_, String>>()?,
            part: memory(rows)?,
            b: memory(k * n)?,
            c: memory(m * n)?,
            buffers: (0..streams.max(ranks)).map(|_| memory(rows)).collect::<Result<_, _>>()?,
            context: context.clone(),
        };
        rank.b.write(&rank.caller, &problem.b)?;
        Ok(rank)
    }

    /// C[tile] = A[tile]·B on a stream. Row by row is the transpose column by column: Cᵗ = Bᵗ·Aᵗ.
    fn multiply(&self, shape: &Shape, stream: usize, tile: u32, a: &Memory) -> Result<(), String> {
        let rows = shape.rows(tile);
        if rows.is_empty() {
            return Ok(());
        }
        let (n, k, count) = (shape.n as i32, shape.k as i32, rows.len() as i32);
        let (_, blas) = &self.streams[stream];
        self.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        let c = self.c.pointer + (rows.start * shape.n * size_of::<f32>()) as u64;
        // SAFETY: the matrices have these sizes; streams write different rows of C; the factors are on the host, which
        // is where cuBLAS looks for them by default, and are read before the call returns.
        let multiplied = unsafe {
            let (one, zero) = (1.0_f32, 0.0_f32);
            let (handle, a, b) = (*blas.handle(), a.pointer as *const f32, self.b.pointer as *const f32);
            let (n_first, c) = (CUBLAS_OP_N, c as *mut f32);
            cudarc::cublas::result::sgemm(handle, n_first, CUBLAS_OP_N, n, count, k, &one, b, n, a, k, &zero, c, n)
        };
        multiplied.map_err(failed("cublasSgemm"))
    }
}

/// Elements on a device.
struct Memory {
    context: Arc<CudaContext>,
    pointer: CUdeviceptr,
    elements: usize,
}

impl Memory {
    fn new(context: &Arc<CudaContext>, elements: usize) -> Result<Memory, String> {
        context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        // SAFETY: every element is written before it is read: by a copy or by a product.
        let pointer = unsafe { result::malloc_sync(elements.max(1) * size_of::<f32>()) };
        Ok(Memory { context: context.clone(), pointer: pointer.map_err(failed("cuMemAlloc"))?, elements })
    }

    /// Copies from the host in stream order; returns when the elements are there.
    fn write(&self, stream: &CudaStream, from: &[f32]) -> Result<(), String> {
        assert!(from.len() <= self.elements);
        self.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        if !from.is_empty() {
            // SAFETY: the elements fit, and are borrowed until the stream was waited for.
            let copied = unsafe { result::memcpy_htod_async(self.pointer, from, stream.cu_stream()) };
            copied.map_err(failed("cuMemcpyHtoDAsync"))?;
        }
        stream.synchronize().map_err(failed("cuStreamSynchronize"))
    }

    fn read(&self, stream: &CudaStream, elements: usize) -> Result<Vec<f32>, String> {
        assert!(elements <= self.elements);
        self.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        let mut read = vec![0.0; elements];
        // SAFETY: as many elements are there, and the vector is borrowed until the stream was waited for.
        let copied = unsafe { result::memcpy_dtoh_async(&mut read, self.pointer, stream.cu_stream()) };
        copied.map_err(failed("cuMemcpyDtoHAsync"))?;
        stream.synchronize().map_err(failed("cuStreamSynchronize"))?;
        Ok(read)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: every stream has ended; the memory is freed once.
        let _ = self.context.bind_to_thread().map(|()| unsafe { result::free_sync(self.pointer) });
    }
}
