package org.homeward.android

import android.os.ParcelFileDescriptor
import org.homeward.Homeward
import org.homeward.ffi.ApiException
import org.homeward.ffi.MediaSource
import org.homeward.ffi.Medium
import org.homeward.ffi.Original

/**
 * Adds a photo, video or recording that another app holds, as `ContentResolver.openFileDescriptor`
 * opens it for reading. No copy is made in clear. The descriptor is closed by this call.
 *
 * @throws ApiException.Refused for a file that can't be read at any place or can't be cleaned, and
 *   for a field that does not take such a file.
 */
public suspend fun Homeward.attach(
    id: String,
    field: String,
    descriptor: ParcelFileDescriptor,
    original: Original = Original.DROP,
): Medium = attach(id, field, MediaSource.Descriptor(descriptor.detachFd()), original)
