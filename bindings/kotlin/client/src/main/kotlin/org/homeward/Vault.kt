package org.homeward

import org.homeward.ffi.ApiException
import kotlin.time.Duration

/**
 * Opens a locked vault; with the passphrase if it has one. What was begun meanwhile moves in.
 *
 * @throws ApiException.Refused for a wrong passphrase.
 */
public suspend fun Homeward.unlock(passphrase: String? = null): Unit = change { unlock(passphrase) }

/** Forgets the vault key until [unlock]. Sealed parts go on leaving. */
public suspend fun Homeward.lock(): Unit = change { lock() }

/**
 * Sets, changes or (with no [new]) removes the passphrase. With a limit, so many wrong tries in
 * a row destroy the vault's key; sealed, unsent parts still leave. Without one the limit stays as it
 * was: who wants none any more removes the passphrase and sets it anew. Takes about half a second.
 *
 * @throws ApiException.Refused for a wrong [old] one, an empty [new] one and a limit of 0.
 */
public suspend fun Homeward.setPassphrase(
    old: String?,
    new: String?,
    wrongTryLimit: UInt? = null,
): Unit = call { setPassphrase(old, new, wrongTryLimit) }

/**
 * Whether the vault opens with a passphrase only. Where it does not and is locked, it waits for the
 * device: ask the person for nothing.
 */
public suspend fun Homeward.hasPassphrase(): Boolean = call { hasPassphrase() }

/**
 * Whether the device failed to destroy a key when a report was deleted or the passphrase changed.
 * That was done; but a copy of the home made before would still open on this very device. Each
 * start, and each deletion, tries again.
 */
public suspend fun Homeward.isErasureUnfinished(): Boolean = call { isErasureUnfinished() }

/**
 * Destroys everything on this phone: the device's keys first, so that no copy opens, then the
 * files. The home is new afterwards, and not paired.
 */
public suspend fun Homeward.wipe(): Unit = change { wipe() }

/**
 * Lets go of the database [within] a time, for a system that ends an app which holds files in the
 * background. A run under way ends at its next write. [resume] takes it up again.
 *
 * @throws ApiException.Refused as busy, if another call does not end within the time.
 */
public suspend fun Homeward.pause(within: Duration): Unit =
    call { suspend(within.inWholeMilliseconds.coerceAtLeast(0).toULong()) }

/** Opens the database again after [pause]. */
public suspend fun Homeward.resume(): Unit = change { resume() }
