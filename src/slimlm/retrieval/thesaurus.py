"""Everyday words and the words that documents use for the same: people ask "What do I pay if I'm late?", contracts
say "interest on overdue amounts".

Each line is a group of English words or stems that may stand for each other when a question is matched with a text. It
is hand-made general knowledge; it never decides an answer, it only lets search and coverage see that two words meet.
"""

from __future__ import annotations

from functools import lru_cache

from slimlm.retrieval.words import terms

WEIGHT = 0.7  # a synonym counts for this much of the word itself

_GROUPS = """
quit leave resign terminate termination end cancel cancellation withdraw stop cease give-up notice
cancel call-off postpone
start begin commence commencement take-effect effective open launch onset enter
finish end expire expiry conclude conclusion complete completion close over
last duration term period run long continue
length duration period term
buy purchase acquire order procure
sell sale vendor seller dispose
price cost charge fee rate amount pay tariff expense sum
money sum amount fund cash payment pay funds
pay settle payment remit transfer payable reimburse
refund reimburse repay return money-back pay-back credit compensate
pay salary wage remuneration earn compensation income
raise increase rise grow growth higher climb go-up
fall drop decrease decline decrease reduce shrink lower lose sink go-down cut
bigger larger exceed more greater
smaller less fewer lower
penalty fine charge sanction surcharge late-fee interest default
late overdue delay delayed arrears tardy behind unpaid
owe debt debtor liability outstanding arrears balance due
loan credit borrow borrower lend lender advance mortgage
security deposit collateral guarantee guarantor pledge bond
advance upfront prepay deposit beforehand
installment instalment payment monthly
discount reduction rebate deduct cheaper off saving
tax vat duty levy
budget plan allocation allowance spend expenditure
profit surplus gain earning income revenue turnover
loss deficit shortfall
insurance insure cover policy coverage
damage harm break broken breakage defect fault destroy ruin
repair fix mend maintenance service restore replace put-right
broken defective faulty fail failure malfunction out-of-order
guarantee warranty
landlord owner lessor proprietor
tenant renter lessee occupant resident
rent lease let tenancy hire rental
flat apartment premises home house property dwelling unit accommodation
move-in occupy moving begin
move-out vacate hand-back leave
guest visitor overnight stay sleep
pet animal dog cat puppy
noise loud quiet disturb disturbance music
clean cleaning wash tidy
key lock access entry
enter come access visit inspect entry
smoke cigarette smoking
neighbour neighbor resident
garbage rubbish waste bin trash refuse litter
heat heating radiator boiler warm hot temperature
cold cool fridge freeze low-temperature
water tap leak pipe moisture drain
power electricity electric current energy outage
light lamp bulb led indicator
boss manager supervisor superior line-manager employer head
worker employee staff personnel workforce colleague employ people
company firm business employer corporation enterprise organisation organization
job work position role employment post task duty
hire employ recruit engage appoint
fire dismiss dismissal terminate sack layoff
trial probation probationary test pilot
holiday vacation leave annual-leave time-off day-off break
sick ill illness absence unwell disease incapacity
doctor physician medical gp clinic practitioner certificate
medicine drug medication tablet dose prescription pill treatment
hospital clinic ward
pain ache sore hurt
operation surgery procedure
overtime extra-hours additional
hours schedule shift working-time
training course education workshop
remote home-office telework home
laptop computer pc device machine equipment
phone telephone call ring mobile number
email mail address e-mail contact
contact reach call telephone email person
tell inform notify report announce communicate let-know notice warn
warn warning notice alert caution
ask request apply enquire application claim
answer reply respond response
allow permit permission may consent authorize approve approval entitled let
permission consent approval authorise agreement
forbid prohibit ban not-allowed disallow prohibited banned
must shall require obligation obliged duty need have-to required mandatory
promise undertake commit guarantee agree
agreement contract deal arrangement
sign signature execute conclude
party side parties between contracting
secret confidential confidentiality nondisclosure undisclosed private
share disclose pass-on reveal give
steal theft stolen thief burglary rob
lose loss lost missing misplace
keep retain store hold preserve maintain
store storage warehouse stock keep
delete erase remove destroy
send ship deliver dispatch post forward delivery mail
arrive arrival delivery reach come
receive get obtain collect accept
get receive obtain
give provide supply grant hand issue offer
return bring-back hand-back give-back send-back
borrow loan lend
choose select pick elect option
change amend modify amendment alter adjust update revise
adjust set setting regulate
choose elect appoint vote
vote ballot resolution elect carried favour against
meeting session assembly gathering conference sitting
chair chairman chairwoman chairperson preside head lead president
attend present participate attendee participant turn-up come
absent apologise excuse missing away apologies
decide decision resolve agree determine adopt
plan intend propose proposal scheduled project
suggest propose recommend advise recommendation
goal aim objective purpose target
reason cause because due why
result outcome finding conclusion effect
find discover detect observe show finding
study research investigation survey experiment trial
researcher author scientist team investigator we
measure test assess record monitor
subject participant patient volunteer sample
sample specimen
increase rise grow
improve better improvement enhance
worse deteriorate worsen decline
problem issue fault trouble defect difficulty error
danger risk hazard threat unsafe
safe safety secure protect
accident incident injury emergency
emergency urgent crisis evacuate
fire flame burn
storm weather wind rain flood
police authority court law legal
dispute disagreement conflict arbitration court lawsuit quarrel mediation
law legislation regulation statute act governing jurisdiction
court tribunal judge jurisdiction
rule regulation policy condition term provision
liable liability responsible responsibility answerable blame
responsible charge duty in-charge accountable
boss director head
car vehicle automobile drive parking
park parking space garage bay
bike bicycle cycle
trip travel journey mission voyage
train rail railway
plane flight fly air airline
hotel accommodation lodging overnight
eat food meal dinner lunch breakfast catering
drink beverage alcohol coffee tea
dinner evening meal supper
child kid children pupil student
school class lesson teacher
student pupil learner trainee
parent mother father guardian family
old age aged elderly
young youth junior
member membership subscriber
join membership enrol register sign-up enroll
register registration enrol sign-up record
fill complete form
document paper certificate record file proof
proof evidence receipt certificate confirm
receipt invoice bill voucher slip
bill invoice account
customer client buyer consumer purchaser hirer
supplier vendor provider contractor seller
product goods item article merchandise
machine appliance device equipment unit apparatus
button switch key press
screen display panel
turn-on switch-on start activate
turn-off switch-off deactivate shut-down
filter sieve strainer
empty drain clear remove
fill load put add top-up refill
door lid cover hatch
weight heavy kg load kilogram
big size large dimension tall wide capacity
speed fast quick rate
often frequency regular every times
daily day every-day
weekly week
monthly month
yearly annual annually year
deadline due latest by-when limit final-date
maximum most limit cap at-most highest up-to no-more
minimum least at-least lowest
early premature before advance ahead
after following later once
extend extension renew renewal prolong
renew renewal extend automatic
visit tour call
town city village municipality
place location site venue spot where
building hall premises house facility
room hall office chamber
garden plot yard ground land allotment
ground land soil plot
tree wood timber forest
river stream water sea harbour port
boat ship vessel barge ferry
port harbour dock quay
build construct construction erect works
builder contractor construction firm
wall facade exterior outer
roof ceiling top loft
paint decorate redecorate repaint colour
leak spill escape drip
plant vegetation crop flower
fish catch landing
money-back refund
newcomer new applicant
wait queue waiting-list
ban exclude bar prohibit
poach solicit recruit approach
compete competition rival competitor
fraud scam deceive false cheat
complain complaint grievance objection
object objection oppose against
appeal contest challenge review
help assist support aid
support fund finance sponsor grant
grant scholarship award funding stipend
award prize win winner
win award successful
donate gift donation contribute
voucher coupon ticket pass
ticket entry admission fare
show performance play exhibition concert
music band musician instrument
sport fitness gym exercise
website site online internet web
data information personal record
password login credentials account
cookie tracking
software program application system
backup copy restore
""".strip().splitlines()


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    """Term -> the terms it may stand for. Hyphenated entries count by their last content word."""
    together: dict[str, set[str]] = {}
    for line in _GROUPS:
        group: set[str] = set()
        for word in line.split():
            found = terms(word.replace("-", " "))
            if len(found) == 1:
                group.add(found[0])
        for term in group:
            together.setdefault(term, set()).update(group - {term})
    return {term: frozenset(others) for term, others in together.items()}


def synonyms(term: str) -> frozenset[str]:
    """Terms that may stand for ``term``; empty for most."""
    return _table().get(term, frozenset())
