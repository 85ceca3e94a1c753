package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.ByteSource
import org.homeward.ffi.ByteTarget
import org.homeward.ffi.Reminder

/** What of the profiles should be looked at again. None for a child with any report. */
public suspend fun Homeward.reminders(): List<Reminder> = call { reminders() }

/** Writes a profile as one age file under a passphrase, for another phone. */
public suspend fun Homeward.exportProfile(
    id: String,
    passphrase: String,
    to: ByteTarget,
): Unit = handOver(to.descriptor) { exportProfile(id, passphrase, to) }

/**
 * Reads a profile that another phone exported, as a new profile, and gives its id.
 *
 * @throws ApiException.Refused for what is no such file, and for a wrong passphrase.
 */
public suspend fun Homeward.importProfile(
    passphrase: String,
    from: ByteSource,
): String = handOver(from.descriptor) { importProfile(passphrase, from) }
