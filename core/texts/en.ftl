### English. Read by frightened people: short words, no blame, nothing that sounds better than it is.
### Ids are made from the names in the forms and from the reasons in the code; a test finds what is
### missing here and what is not used any more.

## Forms and their pages

form-missing_child = A child is missing
form-sighting = I have seen a child
form-child_profile = My child, in case of need

section-reporter = You
section-child = The child
section-last_seen = Last seen
section-danger = Danger
section-what_happened = What happened
section-looks = How the child looks
section-health = Health and needs
section-background = Background
section-contacts = Phone and accounts
section-life = Friends, school, home
section-family = Family
section-documents = Papers and files
section-permissions = What may be done with it
section-which_case = Which child
section-seen = What you saw
section-child_as_seen = The child you saw
section-company = Others
section-witness = About you

## Questions

field-reporter_phone = Your phone number
help-reporter_phone = So that somebody can call you back.
field-relation = Who are you to the child?
field-reporter_name = Your name
field-reporter_email = Your e-mail
field-reporter_language = The language you like to speak
field-reporter_minor = Are you under 18?
help-reporter_minor = You can report all the same.
field-safe_channels = How may we reach you safely?
field-safe_times = When is it safe to call you?
field-reporter_institution = Your institution
field-duty_phone = Phone number of those on duty
field-police_called = Have the police been called?
help-police_called = If not, please call them now. There is no waiting period.
field-police_station = Which police station?
field-police_officer = Name of the officer
field-police_case_number = Case number of the police
field-child_name = The child's name
help-child_name = Nicknames and other spellings help too.
field-child_age = Age or date of birth
help-child_age = About is good enough.
field-sex = Girl or boy
field-photo = A recent photo
help-photo = A clear face, as the child looks now. Never send pictures that show a child naked or being harmed.
field-photo_time = When was the photo taken?
field-last_seen_time = When was the child last seen?
help-last_seen_time = About is good enough.
field-last_seen_place = Where was the child last seen?
field-clothing = What is the child wearing?
help-clothing = Colours, shoes, jacket, bag.
field-belongings = What does the child have along?
help-belongings = Bag, toy, bicycle, phone, money.
field-missing_from = Missing from
field-care_number = Care or asylum number
field-reporter_place = Where are you now?
help-reporter_place = Kept apart from where the child was.
field-dangers = Is the child in danger?
help-dangers = Tick all that may be true.
field-danger_words = What is the danger?
field-dose_by = Does the child need medicine by a certain time?
field-circumstance = What may have happened?
help-circumstance = Nobody will hold a wrong guess against you.
field-what_happened = What happened?
help-what_happened = What you saw, heard or were told.
field-statement = Or say it
help-statement = Speak as long as you like. It stays locked on this phone until it is sent.
field-with_whom = Who may be with the child?
field-suspect = Do you suspect somebody?
field-suspect_name = Their name
field-suspect_relation = Who are they to the child?
field-suspect_words = What do they look like, and where may they be?
field-vehicle = A vehicle
help-vehicle = Part of the plate is good too.
field-height = Height
help-height = About is good enough.
field-weight = Weight
field-measured_time = When was this measured?
field-eyes = Eye colour
field-hair = Hair colour
field-hair_words = Hair: length and style
field-skin = Skin tone
help-skin = In your own words.
field-build = Build
field-wears = Wears or uses
field-body_marks = Scars, birthmarks, tattoos, teeth
help-body_marks = Put a pin on the picture for each, and a few words. A photo of the mark helps.
field-looks_words = Anything else about how the child looks
field-health = Health and needs
help-health = This is shown to the organisation and the police only.
field-health_words = What should helpers know about this?
field-medicines = Medicines, and how much
field-allergies = Allergies
field-blood_type = Blood type
field-communication = How best to speak with the child
help-communication = For example: speaks little, is afraid of loud voices, comes to their favourite song.
field-gender_words = Gender, in the child's own words
field-child_languages = Languages the child speaks
field-nationality = Nationality
field-ethnicity = Ethnic background
help-ethnicity = Only if it helps to recognise the child.
field-religion = Religion
help-religion = Only if it helps to find the child.
field-child_phone = The child's phone number
field-child_email = The child's e-mail
field-accounts = The child's accounts
help-accounts = Messengers, games, social media: the name of the service and of the account.
field-device = The child's phone or tablet
field-find_device = Can the device be located?
help-find_device = With an app such as Find My. Please leave the device itself as it is.
field-friends = Friends, and how to reach them
field-school = School or nursery
field-habits = Favourite places, ways and habits
field-earlier_missing = Has the child been missing before? Where were they found?
field-home_address = Home address
field-parents = Parents or guardians, and how to reach them
field-guardian = Legal guardian
field-custody = Custody: agreements or court orders
field-must_not_be_told = Is there anyone who must not be told?
help-must_not_be_told = For the child's safety. Never shown to partners or the public.
field-abduction_risk = Could a relative take the child abroad?
field-abduction_words = To which countries?
field-passports = Passports, and where they are
field-birth_place = Place of birth
field-identity_documents = Identity papers: kind and number
field-kept_records = Are there any of these?
help-kept_records = Only say that they exist. Please never send them with this app.
field-kept_records_where = Where are they kept?
field-custody_papers = Custody papers
field-attachments = More photos, videos or recordings
help-attachments = Never send pictures that show a child naked or being harmed.
field-permit_partner = May other organisations that look for missing children see it?
help-permit_partner = Perhaps in other countries. You can take this back at any time.
field-permit_poster = May the organisation make a public poster?
help-permit_poster = With the child's name and photo, never with your phone number. You can take this back at any time.
field-permit_press = May the organisation speak with the press about it?
help-permit_press = You can take this back at any time.
field-case_code = Code on the poster
help-case_code = Scan it or type it. Not sure? Leave it out.
field-role = Who are you?
field-link = Web address where you saw it
help-link = Please don't send pictures that show a child naked or being harmed. Tell the police.
field-there_now = Is the child there now?
help-there_now = If so, call the police first. Don't follow, don't confront anybody.
field-danger_now = Is the child in danger now?
field-seen_time = When did you see the child?
field-seen_place = Where did you see the child?
field-heading = Which way did they go?
field-how_sure = How sure are you?
field-why_sure = Why do you think so?
field-why_sure_words = Tell more about why
field-child_seen = What did you see?
help-child_seen = How they looked, what they wore, what they did.
field-sighting_photo = A photo or video
help-sighting_photo = Only if it is safe. Don't follow, don't confront anybody. Never send pictures that show a child naked or being harmed.
field-seen_age = How old does the child look?
field-seen_sex = A girl or a boy?
field-seen_height = How tall does the child look?
help-seen_height = About is good enough.
field-seen_eyes = What colour are the child's eyes?
field-seen_hair = What colour is the child's hair?
field-seen_hair_words = Hair: length and style
field-seen_wears = Does the child wear or use one of these?
field-seen_body_marks = Did you see scars, birthmarks, tattoos or teeth that stand out?
help-seen_body_marks = Put a pin on the picture for each, and a few words.
field-seen_clothing = What is the child wearing?
field-child_state = How was the child?
help-child_state = Calm, crying, hurt, tired …
field-child_words = What did the child say, in which language?
field-spoke_with_child = Did you speak with the child?
field-with_others = Was anybody with the child?
field-people_count = How many people?
field-people_words = What did they look like?
field-people_behaviour = What did they do?
field-child_lives_at = Where does the child seem to live or go to school?
field-may_call = May the police or the organisation call you?
help-may_call = You can stay anonymous. The app then gives you a code for answers. The photo itself and, unless you use Tor, your network address stay visible. If a child is in danger, the organisation may have to pass on what it knows.

## Answers to choose from

choice-yes = Yes
choice-no = No
choice-none = None of these
choice-other = Something else

choice-mother = Mother
choice-father = Father
choice-grandparent = Grandparent
choice-sibling = Brother or sister
choice-other_relative = Other relative
choice-guardian = Legal guardian
choice-carer = Carer
choice-teacher = Teacher
choice-friend = Friend
choice-myself = I am the child

choice-call = Phone call
choice-text_message = Text message
choice-messenger = Messenger
choice-email = E-mail

choice-female = Girl
choice-male = Boy

choice-home = Home
choice-care_home = Care home or foster family
choice-reception_centre = Reception centre
choice-school = School or nursery
choice-abroad = A place abroad

choice-taken = Somebody may have taken the child
choice-medical_need = Needs medicine or a doctor
choice-disability = Has a disability
choice-self_harm = May hurt themself
choice-under_five = Is under five
choice-water_or_road = Water, railway or a busy road is near

choice-ran_away = Ran away or left
choice-taken_by_family = Taken by family
choice-taken_by_other = Taken by somebody else
choice-lost_or_injured = Lost or hurt
choice-unaccompanied = Travelling without family

choice-brown = Brown
choice-blue = Blue
choice-green = Green
choice-grey = Grey
choice-hazel = Hazel
choice-black = Black
choice-two_colours = Two colours
choice-blond = Blond
choice-red = Red
choice-white = White
choice-dyed = Dyed

choice-slim = Slim
choice-medium = Medium
choice-strong = Strong
choice-heavy = Heavy

choice-glasses = Glasses
choice-contact_lenses = Contact lenses
choice-braces = Braces
choice-hearing_aid = Hearing aid
choice-prosthesis = Prosthesis
choice-wheelchair = Wheelchair

choice-asthma = Asthma
choice-diabetes = Diabetes
choice-epilepsy = Epilepsy
choice-allergy = Allergy
choice-heart = Heart condition
choice-autism = Autism
choice-learning_disability = Learning disability
choice-mental_health = Mental health
choice-pregnancy = Pregnancy

choice-fingerprints = Fingerprints
choice-dental_records = Dental records
choice-dna_sample = DNA sample

choice-witness = I was there
choice-search_volunteer = I help in a search
choice-professional = I met the child at work
choice-saw_online = I saw it online

choice-certain = Certain
choice-likely = Quite sure
choice-maybe = Not sure

choice-saw_poster = I know the poster
choice-knows_child = I know the child
choice-child_said_so = The child said so

choice-may_call = Yes, you may call me
choice-anonymous = I stay anonymous

unit-cm = cm
unit-in = inches
unit-kg = kg
unit-lb = pounds

mark-scar = Scar
mark-tattoo = Tattoo
mark-birthmark = Birthmark
mark-mole = Mole
mark-piercing = Piercing
mark-teeth = Teeth
mark-other = Something else

side-front = Front
side-back = Back
side-left = Left side
side-right = Right side
side-head = Head

media-photo = Photo
media-video = Video
media-audio = Recording
media-document = Document

stage-first_minute = First minute
stage-first_hour = Next questions
stage-later = Can wait
stage-prepared = Prepared

audience-organisation = The organisation
audience-police = The police
audience-partner = Other organisations
audience-poster = Everybody, on a poster

answer-unknown = Don't know
answer-earlier-form = From an earlier form
answer-permitted = Allowed
answer-not-permitted = Not allowed

## What to look at. None of these stops a report, except the last.

problem-missing = Not answered yet. "Don't know" is fine too.
problem-not-understood = Kept in your words. If you can, choose a date, time or number as well.
problem-not-a-choice = Kept in your words. If one of the answers fits, please choose it too.
problem-in-the-future = This lies in the future. Is it right?
problem-long-ago = This is long ago. Is the date right?
problem-end-before-start = The later time comes before the earlier one. Is it right?
problem-age-unlikely = Is this age right?
problem-number-unlikely = Is this number right?
problem-unit-unknown = Kept as you wrote it. Please check the unit.
problem-phone-unlikely = Is this phone number complete?
problem-place-unlikely = The place on the map may be wrong. A few words about the place help.
problem-place-vague = The place may be more than a kilometre off. A few words about the place help.
problem-pin-outside-map = A pin lies outside of the picture.
problem-mark-photo-missing = The photo of one of these marks is not here. Please attach it again.
problem-too-long = This is very long. Please put the most important things first.
problem-too-many-media = There are more files here than can be taken.
problem-unknown-not-an-answer = Please choose yes or no. Without an answer it stays no.
problem-wrong-shape = This can't be an answer to this question.
problem-nothing-to-act-on = Please add one thing that helps to find the child: a name, an age, a photo, a place, clothes, or your phone number.

## Where a report stands

state-draft = Saved on this phone
state-waiting = Waiting to be sent
state-sending = Sending: { $sent } of { $total }
state-stored = Stored by the organisation. Nobody has opened it yet.
state-opened = Opened by the organisation
state-parked = Stopped. It needs you.
state-recalled = Called back
nobody-opened = Nobody has opened this yet. Please call.
part-not-opened = Part of this has not been opened in time. Please call.
recall-not-sent = The organisation does not know yet that you called this back.
recall-stored = Stored by the organisation. Nobody there has read yet that you called this back.
held-recalled = You called this back. It waits until the organisation says whether it still needs it.
dropped-recalled = The organisation does not need this any more. It was not sent.

part-first_minute = The first minute
part-face = Small photo
part-answers = The answers
part-medium = Photo, video or recording
part-original = Untouched original
part-reply = Your reply
part-recall = Calling back

vault-ready = Ready
vault-locked = Locked. A new report can be made all the same.
vault-key-lost = This phone has lost the key to what was saved before. A new report can be made all the same.
vault-damaged = Something that was saved is damaged. It is kept as it is. A new report can be made all the same.
vault-from-newer-app = A newer version of this app saved this. Please update the app. A new report can be made all the same.

receipt-opened = The organisation has opened it.
receipt-forwarded = The organisation has passed it on.
receipt-missing = Some parts have not arrived. They are sent again.
receipt-refused = The organisation could not take a part.
receipt-unreadable = The organisation's receipt can't be read.
receipt-bad-signature = The receipt is not signed by the organisation. It does not count.
receipt-other-report = The receipt belongs to another report.

## Why something waits. It goes on by itself.

waiting-no-network = No network. It is sent as soon as there is one.
waiting-name-not-found = The network does not find the organisation's server.
waiting-server-unreachable = The organisation's server does not answer.
waiting-connection-lost = The connection was lost. It goes on where it stopped.
waiting-server-busy = The organisation's server is busy. It is tried again soon.
waiting-server-fault = The organisation's server has a fault. It is tried again soon.
waiting-captive-portal = This network wants you to log in first. Open a web page, or use mobile data.
waiting-tls-untrusted = Somebody may be listening on this network. Please try another network.
waiting-wrong-clock = The clock of this phone may be slow. Please check date and time.
waiting-certificate-expired = The server's certificate has expired, or the clock of this phone is fast. Please check date and time.
waiting-pin-mismatch = The server shows another key than the organisation's pack names. Somebody may be listening. You may still send the sealed first answers.
waiting-pins-waived = Is sent although the server shows another key, because you decided so. It is sealed.
waiting-tls-failed = No safe connection to the server. Please try another network.
waiting-proxy-down = The proxy or Tor that you chose does not answer. Nothing is sent without it.
waiting-proxy-refused = The proxy or Tor that you chose refuses the connection. Nothing is sent without it.

## Why something stopped. Only the person starts it again.

parked-token-refused = The server did not accept this app. Please update the organisation's pack.
parked-too-large = The server does not take a file of this size.
parked-rejected = The server refused it.
parked-wrong-length = The server holds something else under this name.
parked-foreign-location = The server pointed to another server. Nothing was sent there.
parked-recipient-lost = Somebody for whom this was sealed has lost the key. It is sealed anew when you open the app.
parked-recipient-compromised = Somebody else may have a key for which this was sealed. It is sealed anew when you open the app.
parked-spool-unreadable = The sealed file can't be read from this phone. Please send the report again.

## Why something can't be done

error-not-found = It is not there any more.
error-locked = Locked. Please unlock first.
error-key-lost = This phone has lost the key to this.
error-damaged = This is damaged. It is kept as it is.
error-from-newer-app = A newer version of this app saved this. Please update the app.
error-storage-full = This phone is full. What was saved before is safe. Please free some space.
error-storage = This phone could not read or write. Please try again.
error-device-key = This phone's key store failed. Please try again.
error-encoding = Something went wrong in the app. What was saved before is safe.
error-encryption = Something went wrong in the app. What was saved before is safe.
error-database = Something went wrong in the app. What was saved before is safe.
error-run-failed = Sending was interrupted. What was saved before is safe. Please try again.
error-internal = Something went wrong in the app. What was saved before is safe.
seal-encoding = Something went wrong in the app. What was saved before is safe.
seal-without-recipient = The organisation's pack names nobody who could open this.

net-bad-server = The organisation's pack names a server that is not safe to use.
net-bad-anchor = The organisation's pack has no usable certificate.
net-bad-proxy = This is no proxy that can be used safely. It must begin with socks5h.
net-bad-token = The organisation's pack has no usable token.
net-setup = The network could not be set up. Please try again.

refused-unknown-form = There is no such form.
refused-unknown-field = The form has no such question.
refused-wrong-kind = This can't be an answer to this question.
refused-not-paired = No organisation is chosen yet, so nobody could open the report. Please call the police.
refused-empty-report = Please add one thing that helps to find the child: a name, an age, a photo, a place, clothes, or your phone number.
refused-nothing-new = Nothing has changed since it was sent.
refused-step-beside-proxy = You chose a proxy. Nothing is sent without it, so not while the app is closed.
refused-busy = The app is busy with this already. Please try again.
refused-wrong-passphrase = This is not the right passphrase. Please try again.
refused-empty-passphrase = Please type a passphrase. An empty one would keep nobody out.
refused-no-tries = Please allow one try at least.
refused-not-a-profile = Only a child's profile can be saved for another phone.
refused-profile-too-costly = Opening this file asks more than this phone can do. Please save the profile again with Homeward on the other phone.
refused-profile-unreadable = This file is no saved profile, or it was damaged. Please save it again on the other phone.
refused-suspended = The app is paused. Please open it again.
error-passphrase = The passphrase could not be used on this phone. What you saved is unharmed.
waiting-for-wifi = Waits for Wi-Fi, so that it costs nothing. You can send it now.
waiting-for-battery = Waits because the phone saves its battery.
waiting-for-next-try = Will be tried again soon.
refused-called-back = Something went wrong in the app. What was saved before is safe.
refused-pack-unreadable = This is not an organisation's pack.
refused-pack-changed = This pack was changed by somebody. It is not used.
refused-pack-older = A newer pack is here already.
refused-pack-foreign = Another organisation is chosen. A pack never replaces it.
refused-pack-without-recipient = This pack names nobody who could open a report.
refused-pack-bad-server = This pack names a server that can't be used.
refused-pack-form = A form in this pack has a mistake. It is not used.
refused-recording-over = This recording has ended already.
refused-profile-stays = A profile stays on this phone. Begin a report with it, and send that.
refused-media-unsupported = This kind of file can't be cleaned of hidden details.
refused-media-malformed = This file is damaged and can't be cleaned of hidden details.
refused-media-too-complex = This file is built in a way that can't be cleaned safely.
refused-face-too-large = The small copy of the photo is too large.
refused-face-not-jpeg = The small copy of the photo is not a JPEG.
refused-nothing-sent = Nothing of this report was sent yet. You can delete it.
refused-empty-reply = Your reply is empty.
refused-reply-too-long = Your reply is too long. Please send it in several parts.
refused-no-receipt = The organisation has not signed a receipt yet.
refused-receipt-too-long = This receipt does not fit into a QR code. Save it as a file.
refused-media-unreadable = This file can't be read.
refused-damaged = This part is damaged.
refused-malformed = This part is not built as it should be.
refused-bad-signature = This part is not signed by the report it names.
refused-bad-content = The content of this part is not what was signed.
refused-other-organisation = This part was made for another organisation.
refused-sealed-for-others = This part is sealed for others.
refused-unreadable = This part can't be read.
refused-other-part = This part came under the name of another one.
refused-audience = This part does not name those whom it is sealed for.
refused-case-unreadable = The organisation can't read what it has of this report. Please call them.
refused-too-much = This report has grown too large. What was sent before is with the organisation; call them.

## What was removed from a photo, video or recording

removed-location = Where it was taken
removed-time = When it was taken
removed-device = The phone or camera, and its serial number
removed-maker-note = The camera maker's own notes
removed-exif = Other details of the picture
removed-xmp = Editing history and notes
removed-iptc = Captions, names and places
removed-preview = A smaller picture inside the picture
removed-embedded-video = A short video inside the photo
removed-gain-map = A brightness map
removed-text = Comments and titles
removed-provenance = A signed history of the file
removed-profile-text = Names in the colour profile
removed-data-track = A track that recorded place or movement
removed-hidden-bytes = Hidden bytes
removed-other = Details of an app

remaining-picture = What the picture shows
remaining-sound = The voices and sounds
remaining-cut-off = What was cut off this film or recording: it does not show, but it is still inside the file
remaining-unproven-end = Notes that someone may have hidden behind the picture on purpose: in this kind of file they can't be told from it
