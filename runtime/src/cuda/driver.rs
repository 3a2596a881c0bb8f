//! Every raw call to the CUDA driver, behind types that own what they name.
//!
//! cudarc binds the driver when the first call is made and panics where the library is missing, so [`available`] asks
//! first, and nothing here is reachable without it. Memory comes from `cuMemAlloc`: what stream-ordered pools hand out
//! is not reachable by peers. cudarc's slices are not used: they record events between streams, which would order
//! kernels that wait for each other one after the other.

use crate::error::Error;
use cudarc::driver::sys::{self, CUdevice_attribute, CUdeviceptr, CUresult};
use cudarc::driver::{CudaContext, CudaFunction, CudaStream, DriverError, result};
use std::ffi::c_void;
use std::sync::Arc;

/// A device with its primary context.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) number: u32,
    context: Arc<CudaContext>,
}

/// Turns a driver's answer into this crate's error.
fn failed(call: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| {
        let text = |text: Result<&std::ffi::CStr, DriverError>| {
            text.map_or_else(|_| "no text".to_owned(), |text| text.to_string_lossy().into_owned())
        };
        Error::Cuda { call, message: format!("{} ({})", text(error.error_name()), text(error.error_string())) }
    }
}

/// Whether there is a driver and how many devices it has.
pub(crate) fn available() -> Result<u32, Error> {
    // SAFETY: it looks for the library by name and loads it, as every driver call would.
    let present = unsafe { sys::is_culib_present() };
    if !present {
        return Err(Error::NoCuda("the driver library (libcuda) was not found".to_owned()));
    }
    let unusable = |call| move |error| Error::NoCuda(failed(call)(error).to_string());
    result::init().map_err(unusable("cuInit"))?;
    let count = result::device::get_count().map_err(unusable("cuDeviceGetCount"))?;
    match u32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::NoCuda("the driver has no device".to_owned())),
    }
}

impl Device {
    /// Opens a device by number. [`available`] has answered.
    pub(crate) fn open(number: u32) -> Result<Device, Error> {
        let context = CudaContext::new(number as usize).map_err(failed("cuDevicePrimaryCtxRetain"))?;
        // SAFETY: no `CudaSlice` is made in this crate, so there is nothing whose uses would have to be tracked.
        unsafe { context.disable_event_tracking() };
        Ok(Device { number, context })
    }

    /// Makes its context the calling thread's.
    pub(crate) fn bind(&self) -> Result<(), Error> {
        self.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))
    }

    /// Compute capability as in `sm_90`: 90.
    pub(crate) fn capability(&self) -> Result<u32, Error> {
        let (major, minor) = self.context.compute_capability().map_err(failed("cuDeviceGetAttribute"))?;
        Ok((major * 10 + minor) as u32)
    }

    /// Multiprocessors.
    pub(crate) fn multiprocessors(&self) -> Result<u32, Error> {
        let attribute = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
        Ok(self.context.attribute(attribute).map_err(failed("cuDeviceGetAttribute"))? as u32)
    }

    /// Lets kernels on this device reach memory of a peer.
    pub(crate) fn reach(&self, peer: &Device) -> Result<(), Error> {
        let mut can = 0;
        // SAFETY: `can` outlives the call, and both devices are open.
        let answer =
            unsafe { sys::cuDeviceCanAccessPeer(&mut can, self.context.cu_device(), peer.context.cu_device()) };
        answer.result().map_err(failed("cuDeviceCanAccessPeer"))?;
        if can == 0 {
            let (from, to) = (self.number, peer.number);
            return Err(Error::Settings(format!("device {from} cannot reach the memory of device {to}")));
        }
        self.bind()?;
        // SAFETY: this thread's context is this device's, and the peer's context is retained.
        let answer = unsafe { sys::cuCtxEnablePeerAccess(peer.context.cu_ctx(), 0) };
        match answer {
            CUresult::CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED => Ok(()),
            other => other.result().map_err(failed("cuCtxEnablePeerAccess")),
        }
    }

    /// Loads PTX and looks up a kernel, so that no later launch has to load anything.
    pub(crate) fn function(&self, ptx: cudarc::nvrtc::Ptx, entry: &str) -> Result<Function, Error> {
        let module = self.context.load_module(ptx).map_err(failed("cuModuleLoadData"))?;
        let function = module.load_function(entry).map_err(failed("cuModuleGetFunction"))?;
        // Loading may wait for the whole context, where a kernel of another rank may be waiting for this one.
        // SAFETY: the function belongs to the module, which `function` keeps loaded.
        let loaded = unsafe { sys::cuFuncLoad(function.cu_function()) };
        loaded.result().map_err(failed("cuFuncLoad"))?;
        Ok(Function { function })
    }

    /// A stream that waits for no other.
    pub(crate) fn stream(&self) -> Result<Stream, Error> {
        let stream = self.context.new_stream().map_err(failed("cuStreamCreate"))?;
        Ok(Stream { device: self.clone(), stream })
    }

    /// Memory of this device, 256-byte aligned, contents undefined; nothing at all for 0 bytes.
    pub(crate) fn memory(&self, bytes: usize) -> Result<Memory, Error> {
        if bytes == 0 {
            return Ok(Memory { device: self.clone(), pointer: 0, bytes });
        }
        self.bind()?;
        // SAFETY: the contents are written before they are read: by memset, by a copy, or by a protocol that was
        // verified to read nothing unwritten.
        let pointer = unsafe { result::malloc_sync(bytes) }.map_err(failed("cuMemAlloc"))?;
        Ok(Memory { device: self.clone(), pointer, bytes })
    }

    /// Host memory that the device can copy to while the host goes on.
    pub(crate) fn pinned(&self, words: usize) -> Result<Pinned, Error> {
        self.bind()?;
        // SAFETY: it is filled below before anything reads it.
        let pointer = unsafe { result::malloc_host(words * size_of::<u32>(), 0) }.map_err(failed("cuMemHostAlloc"))?;
        let pointer = pointer.cast::<u32>();
        // SAFETY: `words` words were allocated, aligned to a page.
        unsafe { pointer.write_bytes(0, words) };
        Ok(Pinned { device: self.clone(), pointer, words })
    }
}

/// A kernel, loaded on one device.
#[derive(Clone)]
pub(crate) struct Function {
    function: CudaFunction,
}

impl Function {
    /// Blocks of so many threads that one multiprocessor runs at a time.
    pub(crate) fn blocks_at_a_time(&self, threads: u32) -> Result<u32, Error> {
        let blocks = self.function.occupancy_max_active_blocks_per_multiprocessor(threads, 0, None);
        blocks.map_err(failed("cuOccupancyMaxActiveBlocksPerMultiprocessor"))
    }
}

/// Device memory, freed when dropped.
pub(crate) struct Memory {
    device: Device,
    pointer: CUdeviceptr,
    bytes: usize,
}

impl Memory {
    /// Its address on every device that may reach it; 0 for nothing.
    pub(crate) fn pointer(&self) -> u64 {
        self.pointer
    }

    /// Its length.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.pointer != 0 && self.device.bind().is_ok() {
            // SAFETY: it was allocated by `memory` and is freed once. The driver waits for work that uses it.
            let _ = unsafe { result::free_sync(self.pointer) };
        }
    }
}

/// Host memory known to the driver, freed when dropped.
pub(crate) struct Pinned {
    device: Device,
    pointer: *mut u32,
    words: usize,
}

// SAFETY: it is host memory; it is written by copies of one stream, and read when that stream has ended.
unsafe impl Send for Pinned {}
// SAFETY: as above.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// Its words.
    ///
    /// # Safety
    /// No copy to it may be under way.
    pub(crate) unsafe fn words(&self) -> Vec<u32> {
        // SAFETY: the words were zeroed when they were allocated; the caller excludes writers.
        unsafe { std::slice::from_raw_parts(self.pointer, self.words) }.to_vec()
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if self.device.bind().is_ok() {
            // SAFETY: it was allocated by `pinned` and is freed once.
            let _ = unsafe { result::free_host(self.pointer.cast::<c_void>()) };
        }
    }
}

/// A stream of one device.
pub(crate) struct Stream {
    device: Device,
    stream: Arc<CudaStream>,
}

impl Stream {
    /// The driver's handle, for callers that order their own work.
    pub(crate) fn raw(&self) -> *mut c_void {
        self.stream.cu_stream().cast()
    }

    /// Waits until everything on it has ended.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.device.bind()?;
        self.stream.synchronize().map_err(failed("cuStreamSynchronize"))
    }

    /// Gives every 4-byte (or, `wide` false, 2-byte) unit of device memory a value, in stream order.
    ///
    /// # Safety
    /// `to` must be device memory of `count` units that nothing else uses until the stream has come this far.
    pub(crate) unsafe fn fill(&self, to: u64, value: u32, count: usize, wide: bool) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        self.device.bind()?;
        let stream = self.stream.cu_stream();
        // SAFETY: the caller's.
        unsafe {
            if wide {
                sys::cuMemsetD32Async(to, value, count, stream).result().map_err(failed("cuMemsetD32Async"))
            } else {
                sys::cuMemsetD16Async(to, value as u16, count, stream).result().map_err(failed("cuMemsetD16Async"))
            }
        }
    }

    /// Copies from the host, in stream order.
    ///
    /// # Safety
    /// `from` and `to` must be valid for `bytes` bytes, and not be used for anything else until the stream has come
    /// this far.
    pub(crate) unsafe fn copy_in(&self, to: u64, from: *const u8, bytes: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        self.device.bind()?;
        // SAFETY: the caller's.
        let answer = unsafe { sys::cuMemcpyHtoDAsync_v2(to, from.cast(), bytes, self.stream.cu_stream()) };
        answer.result().map_err(failed("cuMemcpyHtoDAsync"))
    }

    /// Copies to the host, in stream order.
    ///
    /// # Safety
    /// As [`Stream::copy_in`].
    pub(crate) unsafe fn copy_out(&self, to: *mut u8, from: u64, bytes: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        self.device.bind()?;
        // SAFETY: the caller's.
        let answer = unsafe { sys::cuMemcpyDtoHAsync_v2(to.cast(), from, bytes, self.stream.cu_stream()) };
        answer.result().map_err(failed("cuMemcpyDtoHAsync"))
    }

    /// Copies words to pinned memory, in stream order.
    ///
    /// # Safety
    /// `from` must be device memory of as many words, valid until the stream has come this far.
    pub(crate) unsafe fn copy_words(&self, to: &Pinned, from: u64) -> Result<(), Error> {
        // SAFETY: the words are pinned, as long as the copy; the caller vouches for the source.
        unsafe { self.copy_out(to.pointer.cast(), from, to.words * size_of::<u32>()) }
    }

    /// Copies between device memories, in stream order.
    ///
    /// # Safety
    /// As [`Stream::copy_in`], on the device; the two must not overlap.
    pub(crate) unsafe fn copy_across(&self, to: u64, from: u64, bytes: usize) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        self.device.bind()?;
        // SAFETY: the caller's.
        let answer = unsafe { sys::cuMemcpyDtoDAsync_v2(to, from, bytes, self.stream.cu_stream()) };
        answer.result().map_err(failed("cuMemcpyDtoDAsync"))
    }

    /// Launches a kernel.
    ///
    /// # Safety
    /// The function must belong to this stream's device, and the parameters must be those it was compiled with, in
    /// order, each at the start of its slice; what they point to must stay valid and otherwise unused, but by the
    /// kernels of other ranks, until the stream has come this far.
    pub(crate) unsafe fn launch(
        &self,
        function: &Function,
        blocks: u32,
        threads: u32,
        parameters: &mut [Vec<u64>],
    ) -> Result<(), Error> {
        self.device.bind()?;
        let mut pointers: Vec<*mut c_void> =
            parameters.iter_mut().map(|parameter| parameter.as_mut_ptr().cast::<c_void>()).collect();
        let function = function.function.cu_function();
        // SAFETY: the driver reads the parameters during the call; the rest is the caller's.
        let launched = unsafe {
            let grid = (blocks, 1, 1);
            result::launch_kernel(function, grid, (threads, 1, 1), 0, self.stream.cu_stream(), &mut pointers)
        };
        launched.map_err(failed("cuLaunchKernel"))
    }
}
