"""What a source says, and what may (or may not) be claimed of it. Written for these tests, in domains of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass

# evidence (one sentence a line, " ¦ " between sentences), then claims: "+" faithful, "-" not.
_TABLE = """
= The tenant pays the landlord a deposit of EUR 1,900 before moving in.
+ The tenant pays the landlord a deposit of EUR 1,900.
+ The tenant pays a deposit of EUR 1,900 before moving in.
- The landlord pays the tenant a deposit of EUR 1,900.
- The tenant pays the landlord a deposit of EUR 1,090.
- The tenant pays the landlord a deposit of USD 1,900.
- The tenant pays the landlord a deposit of EUR 1,900 after moving in.
- The tenant was paid a deposit of EUR 1,900.
- The tenant does not pay the landlord a deposit.
- The landlord is paid a deposit of EUR 1,900 by the tenant every month.
= The buyer shall notify the seller in writing of any defect of the machine within seven days of delivery.
+ The buyer shall notify the seller in writing of any defect of the machine within seven days of delivery.
+ Within seven days of delivery the buyer shall notify the seller of any defect.
- The seller shall notify the buyer in writing of any defect of the machine within seven days of delivery.
- The buyer may notify the seller in writing of any defect of the machine within seven days of delivery.
- The buyer shall notify the seller in writing of any defect of the machine within seven weeks of delivery.
- The buyer shall notify the seller in writing of any defect of the machine.
- The buyer shall notify the seller within seventy days of delivery.
= The deposit is EUR 500 and the rent is EUR 950.
+ The deposit is EUR 500.
+ The rent is EUR 950.
- The deposit is EUR 950.
- The rent is EUR 500.
- The deposit is EUR 950 and the rent is EUR 500.
= Ms Dunn earns EUR 4,100 and Mr Weir EUR 3,800 a month.
- Ms Dunn earns EUR 3,800 a month.
- Mr Weir earns EUR 4,100.
= Ms Dunn chairs the committee and Mr Weir keeps the minutes.
+ Ms Dunn chairs the committee.
+ Mr Weir keeps the minutes.
- Ms Dunn keeps the minutes.
- Mr Weir chairs the committee.
- Ms Dunn and Mr Weir keep the minutes.
= Sales rose from 120 units in April to 210 units in May.
+ Sales rose from 120 units in April to 210 units in May.
- Sales rose from 210 units in April to 120 units in May.
- Sales fell from 120 units in April to 210 units in May.
- Sales rose to 120 units in April.
- Sales rose by 210 units in May.
- Sales rose to 210 boxes in May.
= At least five members must attend for a vote to be valid.
+ At least five members must attend.
- At most five members must attend.
- Five members must attend for a vote to be valid.
- At least five members may attend.
- At least six members must attend.
- No more than five members must attend.
- All members must attend for a vote to be valid.
= The cabin holds no more than eight passengers.
+ The cabin holds no more than eight passengers.
- The cabin holds eight passengers.
- The cabin holds more than eight passengers.
- The cabin holds at least eight passengers.
- The cabin holds no passengers.
= Some employees received a bonus in December.
+ Some employees received a bonus in December.
- All employees received a bonus in December.
- Employees received a bonus in December.
- Most employees received a bonus in December.
- No employees received a bonus in December.
- Some employees received a bonus in November.
= Most patients recovered within two weeks.
- All patients recovered within two weeks.
- Patients recovered within two weeks.
- Some patients recovered within two weeks.
- Most patients recovered within two months.
= Not all windows were replaced.
- All windows were replaced.
- Windows were replaced.
- The windows were not replaced.
= The drug may cause headaches in children.
+ The drug may cause headaches in children.
- The drug causes headaches in children.
- The drug must cause headaches in children.
- The drug may not cause headaches in children.
- The drug may cause headaches in adults.
= Visitors must not feed the animals.
+ Visitors must not feed the animals.
- Visitors must feed the animals.
- Visitors may feed the animals.
- Visitors may not need to feed the animals.
- The animals must not feed visitors.
= If payment is late, the supplier charges interest of 4 %.
+ If payment is late, the supplier charges interest of 4 %.
+ The supplier charges interest of 4 % if payment is late.
- The supplier charges interest of 4 %.
- The supplier charges interest of 14 % if payment is late.
- If payment is not late, the supplier charges interest of 4 %.
= The fee is refunded unless the course has begun.
- The fee is refunded.
- The fee is refunded if the course has begun.
- The fee is not refunded unless the course has begun.
+ The fee is refunded unless the course has begun.
= The guarantee covers the motor but not the battery.
+ The guarantee covers the motor.
- The guarantee covers the battery.
- The guarantee does not cover the motor.
- The guarantee covers the motor and the battery.
= The price includes breakfast and excludes parking.
+ The price includes breakfast.
- The price includes parking.
- The price excludes breakfast.
- The price includes breakfast and parking.
- The price excludes breakfast and includes parking.
= Clean the filter before use and dry it after use.
- Clean the filter after use.
- Dry the filter before use.
= The minimum age is 16 years and the maximum weight is 90 kg.
+ The minimum age is 16 years.
- The maximum age is 16 years.
- The minimum weight is 90 kg.
- The age is 16 years.
- The minimum age is 90 years.
= The bridge is expected to open in June 2027.
+ The bridge is expected to open in June 2027.
- The bridge opened in June 2027.
- The bridge opens in June 2027.
- The bridge is open.
- The bridge is expected to open in July 2027.
= According to the seller, the car had one previous owner.
- The car had one previous owner.
- The car had one owner.
= The report claims that the dam is safe.
- The dam is safe.
+ The report claims that the dam is safe.
= The son of the director resigned on 4 May.
- The director resigned on 4 May.
- The son resigned on 5 May.
= The former mayor of Lund opened the hall.
- The mayor of Lund opened the hall.
+ The former mayor of Lund opened the hall.
= The insurer compensates the insured for storm damage up to GBP 20,000.
+ The insurer compensates the insured for storm damage up to GBP 20,000.
- The insured compensates the insurer for storm damage up to GBP 20,000.
- The insurer compensates the insured for storm damage of GBP 20,000.
- The insurer compensates the insured for flood damage up to GBP 20,000.
= Smith paid Jones GBP 300 for the boat.
+ Smith paid Jones GBP 300.
- Smith was paid by Jones.
- Jones paid Smith GBP 300 for the boat.
- Smith paid Jones GBP 300 million for the boat.
= The grant was awarded to Holm by Berg.
- The grant was awarded by Holm.
- The grant was awarded to Berg.
+ The grant was awarded to Holm.
= The library opens at 9 am and closes at 6 pm.
+ The library opens at 9 am.
+ The library opens at 9 am and closes at 6 pm.
- The library opens at 9 pm.
- The library closes at 6 am.
- The library opens at 6 pm.
- The library closes at 9 am.
= The turnover was EUR 25 million in 2023.
+ The turnover was EUR 25 million in 2023.
- The turnover was EUR 25 in 2023.
- The turnover was EUR 25 billion in 2023.
- The turnover is EUR 25 million in 2023.
= The fine is EUR 5 per day and EUR 20 per week.
- The fine is EUR 5.
- The fine is EUR 5 per week.
- The fine is EUR 20 per day.
+ The fine is EUR 5 per day.
= The sensor works from -20 °C to 60 °C.
- The sensor works from 20 °C to 60 °C.
+ The sensor works from -20 °C to 60 °C.
= Members may borrow up to six books for three weeks.
+ Members may borrow up to six books for three weeks.
- Members may borrow up to three books for six weeks.
- Members may borrow six books for three weeks.
- Members must borrow up to six books.
- Members may borrow up to six books for three months.
= The offer is valid until 30 June.
- The offer is valid.
- The offer is valid from 30 June.
- The offer is valid until 30 July.
= Only the treasurer may sign cheques over GBP 500.
- The treasurer must sign cheques over GBP 500.
- The treasurer may sign cheques over GBP 500.
- Only the treasurer may sign cheques under GBP 500.
- Only the treasurer may sign cheques.
+ Only the treasurer may sign cheques over GBP 500.
= Notice is given by post or by fax.
- Notice is given by post and by fax.
- Notice is given by post.
- Notice is not given by fax.
= The committee rejected the proposal.
- The committee was rejected.
- The proposal rejected the committee.
- The committee rejected the proposal unanimously.
+ The committee rejected the proposal.
= The claim that the vaccine causes fever is false.
- The vaccine causes fever.
= It is not true that the well is poisoned.
- The well is poisoned.
= The tenant, whose brother owns the garage, pays EUR 50.
- The tenant owns the garage.
- The brother pays EUR 50.
= The deposit is non-refundable.
- The deposit is refundable.
= The ticket is refundable.
- The ticket was refunded.
= The company sold the mill to Berg for EUR 2 million.
- The company bought the mill from Berg for EUR 2 million.
- Berg sold the mill to the company for EUR 2 million.
- The company sold the mill to Berg for EUR 3 million.
+ The company sold the mill to Berg.
= About 40 people attended the meeting.
- 40 people attended the meeting.
- More than 40 people attended the meeting.
+ About 40 people attended the meeting.
= The dose is 0.125 mg per kg.
- The dose is 125 mg per kg.
- The dose is 0.125 mg.
- The dose is 0.125 g per kg.
+ The dose is 0.125 mg per kg.
= Ms Dunn lives in Cork. ¦ Mr Weir lives in Leeds.
+ Ms Dunn lives in Cork.
- Ms Dunn lives in Leeds.
- Mr Weir lives in Cork.
- Ms Dunn and Mr Weir live in Cork.
= The pump costs EUR 480. ¦ The valve costs EUR 35.
- The pump costs EUR 35.
- The valve costs EUR 480.
- The pump and the valve cost EUR 35.
+ The valve costs EUR 35.
= Ms Dunn chairs the committee of the club. ¦ Mr Weir keeps the minutes of the meeting.
- Ms Dunn chairs the committee of the club and keeps the minutes of the meeting.
+ Ms Dunn chairs the committee of the club and Mr Weir keeps the minutes of the meeting.
= Employees can take parental leave after twelve months of service.
- Employees take parental leave.
- Employees can take parental leave after two months of service.
- Employees can take parental leave before twelve months of service.
- Employees cannot take parental leave after twelve months of service.
= The engine stopped because the fuel line was blocked.
+ The engine stopped because the fuel line was blocked.
- The fuel line was blocked because the engine stopped.
- The fuel line was not blocked.
- The engine stopped because the oil line was blocked.
= Version 2 is faster than version 1 but uses more memory.
- Version 1 is faster than version 2.
- Version 2 uses less memory.
- Version 2 is slower than version 1.
= The vessel sailed from Oslo to Bergen on 3 March 2024.
+ The vessel sailed from Oslo to Bergen on 3 March 2024.
- The vessel sailed from Bergen to Oslo on 3 March 2024.
- The vessel sailed from Oslo to Bergen on 3 March 2023.
- The vessel sailed from Oslo to Bergen on 13 March 2024.
- The vessel sailed to Oslo.
= The lender lends the borrower EUR 8,000 at 4.5 % a year.
+ The lender lends the borrower EUR 8,000.
- The borrower lends the lender EUR 8,000.
- The lender lends the borrower EUR 8,000 at 5.4 % a year.
- The lender lends the borrower EUR 8,000 at 4.5 % a month.
= Dogs are allowed in the garden, except during feeding.
- Dogs are allowed in the garden.
- Dogs are not allowed in the garden.
= The board has not yet approved the budget.
- The board has approved the budget.
- The board has not approved the accounts.
+ The board has not yet approved the budget.
= Neither the owner nor the agent is liable for theft.
- The owner is liable for theft.
- The agent is liable for theft.
= The clinic no longer treats eye injuries.
- The clinic treats eye injuries.
= Refunds are never paid in cash.
- Refunds are paid in cash.
= The tower is 84 m tall and was built in 1912.
+ The tower is 84 m tall.
+ The tower was built in 1912.
- The tower is 1912 m tall.
- The tower was built in 84.
- The tower is 84 km tall.
= The average wage is EUR 3,100.
- The wage is EUR 3,100.
- The average wage is EUR 1,300.
= The parties may extend the contract by one year.
- The parties extend the contract by one year.
- The parties extended the contract by one year.
- The parties may extend the contract by two years.
+ The parties may extend the contract by one year.
= The rent for the garage is EUR 60 per month.
- The rent is EUR 60 per month.
+ The rent for the garage is EUR 60 per month.
= The museum is closed on Mondays.
+ The museum is closed on Mondays.
- The museum is open on Mondays.
- The museum is closed on Sundays.
- The museum is not closed on Mondays.
- The museum was closed on Mondays.
= The auditor found no errors in the accounts.
- The auditor found errors in the accounts.
+ The auditor found no errors in the accounts.
= Applicants should send two copies to the registrar.
- Applicants must send two copies to the registrar.
- Applicants send two copies to the registrar.
- The registrar should send two copies to applicants.
+ Applicants should send two copies to the registrar.
= The plan was to move the office to Turin in 2022.
- The office moved to Turin in 2022.
= The factory will be closed in 2026.
- The factory was closed in 2026.
- The factory is closed.
= The trainee works under the supervision of the foreman.
- The foreman works under the supervision of the trainee.
= The reservoir lies 12 km north of Hagen.
- The reservoir lies 12 km south of Hagen.
- The reservoir lies 21 km north of Hagen.
- Hagen lies 12 km north of the reservoir.
= Schäden müssen binnen 14 Tagen gemeldet werden.
- Schäden müssen binnen 40 Tagen gemeldet werden.
- Schäden müssen nicht gemeldet werden.
= 賃料は月額950ユーロである。
- 賃料は月額590ユーロである。
- 賃料は月額950ユーロではない。
"""


@dataclass(frozen=True, slots=True)
class Case:
    evidence: tuple[str, ...]
    claim: str
    faithful: bool


def cases() -> list[Case]:
    found: list[Case] = []
    evidence: tuple[str, ...] = ()
    for line in _TABLE.strip().splitlines():
        if line.startswith("= "):
            evidence = tuple(re.split(" ¦ ", line[2:]))
        else:
            found.append(Case(evidence, line[2:], line.startswith("+")))
    return found
