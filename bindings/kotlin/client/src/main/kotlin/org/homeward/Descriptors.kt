package org.homeward

import org.homeward.ffi.ByteSource
import org.homeward.ffi.ByteTarget
import org.homeward.ffi.MediaSource

/** The descriptor that is handed over with it, if any. */
@get:JvmSynthetic
internal val MediaSource.descriptor: Int? get() = (this as? MediaSource.Descriptor)?.fd

/** The descriptor that is handed over with it, if any. */
@get:JvmSynthetic
internal val ByteSource.descriptor: Int? get() = (this as? ByteSource.Descriptor)?.fd

/** The descriptor that is handed over with it, if any. */
@get:JvmSynthetic
internal val ByteTarget.descriptor: Int? get() = (this as? ByteTarget.Descriptor)?.fd
