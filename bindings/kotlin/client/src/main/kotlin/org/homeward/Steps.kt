package org.homeward

import org.homeward.ffi.ApiException
import org.homeward.ffi.Conditions
import org.homeward.ffi.HttpStep
import org.homeward.ffi.StepOutcome

/**
 * The next request for the platform's own HTTP stack; null if nothing is due. Asked again before its
 * outcome was told it is the same one.
 *
 * @param proxied whether the person chose a proxy, which nothing may go around.
 * @throws ApiException.Refused as busy while a run sends, and if [proxied].
 */
public suspend fun Homeward.nextStep(
    conditions: Conditions,
    proxied: Boolean = false,
): HttpStep? = change { nextStep(conditions, proxied) }

/**
 * Takes the outcome of a step, in this process or a later one.
 *
 * @throws ApiException.NotFound if nobody waits for it any more.
 */
public suspend fun Homeward.onStep(
    step: String,
    outcome: StepOutcome,
): Unit = change { onStep(step, outcome) }

/**
 * Lets the sealed first minute of a report go although the server shows another key than the pack
 * names. Only the person may decide that; nothing else of the report goes there.
 *
 * @throws ApiException.NotFound if there is none with this id.
 */
public suspend fun Homeward.sendFirstMinuteAnyway(id: String): Unit =
    change { sendFirstMinuteAnyway(id) }
