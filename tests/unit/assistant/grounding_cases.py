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
= The clinic opens on weekdays from 8 am until 4 pm and on Saturdays from 9 am until noon.
+ The clinic opens on weekdays from 8 am until 4 pm.
- The clinic opens on Saturdays from 8 am until 4 pm.
- The clinic opens on weekdays from 9 am until noon.
- The clinic opens on weekdays until noon.
= Dr Lindqvist, who joined in 2019, leads the cardiology unit.
+ Dr Lindqvist leads the cardiology unit.
+ Dr Lindqvist joined in 2019.
- Dr Lindqvist joined the cardiology unit in 2019.
- Dr Lindqvist left in 2019.
= The supplier shall deliver the goods by 1 March and the customer shall pay within 30 days of the invoice.
+ The supplier shall deliver the goods by 1 March.
+ The customer shall pay within 30 days of the invoice.
- The supplier shall pay within 30 days of the invoice.
- The customer shall deliver the goods by 1 March.
- The supplier shall deliver the goods within 30 days.
- The customer shall pay by 1 March.
= Fewer than half of the respondents agreed with the plan.
- Half of the respondents agreed with the plan.
- More than half of the respondents agreed with the plan.
- The respondents agreed with the plan.
= The battery lasts 12 hours, twice as long as the old model.
+ The battery lasts 12 hours.
- The old model lasts 12 hours.
- The battery of the old model lasts 12 hours.
= Children under 12 pay half price.
- Children pay half price.
- Children over 12 pay half price.
- Children under 12 pay full price.
+ Children under 12 pay half price.
= The contract was signed by Ana Ruiz on behalf of Norte SA.
- The contract was signed by Norte SA.
- Ana Ruiz was signed by Norte SA.
+ The contract was signed by Ana Ruiz.
= Revenue increased by 5 % to EUR 2.1 million.
- Revenue increased to 5 %.
- Revenue increased by EUR 2.1 million.
+ Revenue increased by 5 % to EUR 2.1 million.
- Revenue increased by 5 million.
= The tenant is liable for damage caused by guests, not for normal wear.
- The tenant is liable for normal wear.
+ The tenant is liable for damage caused by guests.
- The tenant is liable for damage.
= All employees except interns receive a bonus.
- All employees receive a bonus.
- Interns receive a bonus.
= The museum, built in 1887, was renovated in 2004.
- The museum was built in 2004.
- The museum was renovated in 1887.
+ The museum was renovated in 2004.
+ The museum was built in 1887.
= Mr Tan reports to Ms Rao, who reports to Mr Diaz.
- Mr Tan reports to Mr Diaz.
- Ms Rao reports to Mr Tan.
+ Mr Tan reports to Ms Rao.
= Take one tablet every six hours, and no more than four tablets a day.
- Take four tablets every six hours.
- Take one tablet a day.
- Take four tablets a day.
+ Take one tablet every six hours.
= The appeal was dismissed, but the fine was reduced to EUR 400.
- The appeal was reduced to EUR 400.
- The fine was dismissed.
+ The fine was reduced to EUR 400.
+ The appeal was dismissed.
= The team has considered moving the archive to Graz.
- The team has moved the archive to Graz.
- The archive moved to Graz.
= Mr Okoro denied that he had copied the keys.
- Mr Okoro had copied the keys.
- He had copied the keys.
= Water is free for guests of the hotel.
- Water is free.
+ Water is free for guests of the hotel.
= Guests who book early receive a discount of 10 %.
- Guests receive a discount of 10 %.
= Interest is paid on deposits above EUR 5,000.
- Interest is paid on deposits.
- Interest is paid on deposits below EUR 5,000.
= The committee failed to reach a decision on the roof.
- The committee reached a decision on the roof.
= Shares of Alfa rose 3 % while those of Beta fell 2 %.
- Shares of Beta rose 3 %.
- Shares of Alfa fell 2 %.
+ Shares of Alfa rose 3 %.
= The old boiler was replaced in May; the new one is inspected yearly.
- The old boiler is inspected yearly.
+ The old boiler was replaced in May.
= It is unlikely that the ferry will run in winter.
- The ferry will run in winter.
= Neither side admitted liability.
- Side admitted liability.
= The landlord can terminate the lease with six months' notice, the tenant with three months' notice.
- The tenant can terminate the lease with six months' notice.
- The landlord can terminate the lease with three months' notice.
+ The landlord can terminate the lease with six months' notice.
= Smoking is prohibited in the building.
- Smoking is in the building.
- Smoking is permitted in the building.
+ Smoking is prohibited in the building.
= The crew consists of two pilots and nine cabin attendants.
- The crew consists of nine pilots and two cabin attendants.
- The crew consists of nine cabin attendants.
- The crew consists of two cabin attendants.
+ The crew consists of two pilots and nine cabin attendants.
= The heirs of Johan Vik donated the painting to the museum in 1954.
- Johan Vik donated the painting to the museum in 1954.
- The museum donated the painting to the heirs of Johan Vik.
+ The heirs of Johan Vik donated the painting to the museum.
- The heirs of Johan Vik donated the painting to the museum in 1945.
= Applications received after 15 March will not be considered.
- Applications will not be considered.
- Applications received after 15 March will be considered.
- Applications received before 15 March will not be considered.
+ Applications received after 15 March will not be considered.
= The insurer pays 80 % of the repair and the owner pays the rest.
- The owner pays 80 % of the repair.
- The insurer pays the rest.
+ The insurer pays 80 % of the repair.
= Only guests with a reservation may use the pool.
- Guests may use the pool.
- Guests with a reservation must use the pool.
- Only guests may use the pool.
= The vaccine was 92 % effective in adults and 78 % effective in children.
- The vaccine was 92 % effective in children.
- The vaccine was 78 % effective in adults.
+ The vaccine was 92 % effective in adults.
- The vaccine was 78 % effective.
= The new line would reduce travel time by 20 minutes.
- The new line reduces travel time by 20 minutes.
- The new line reduced travel time by 20 minutes.
- The new line would reduce travel time to 20 minutes.
= The shop is open daily except on Mondays.
- The shop is open daily.
- The shop is open on Mondays.
= The defendant was acquitted of fraud but convicted of theft.
- The defendant was convicted of fraud.
- The defendant was acquitted of theft.
- The defendant was acquitted.
+ The defendant was acquitted of fraud.
= The contract ends automatically after five years unless it is renewed.
- The contract ends automatically after five years.
- The contract ends automatically after five years if it is renewed.
= No one under 18 may enter the hall.
- One under 18 may enter the hall.
- No one may enter the hall.
- No one over 18 may enter the hall.
= Petra Novak succeeded Ivan Horak as director.
- Ivan Horak succeeded Petra Novak as director.
- Petra Novak was succeeded by Ivan Horak as director.
- Ivan Horak is director.
+ Petra Novak succeeded Ivan Horak as director.
= The loan bears interest at 3 % for the first two years and 5 % thereafter.
- The loan bears interest at 5 %.
- The loan bears interest at 5 % for the first two years.
- The loan bears interest at 3 %.
= The lake froze for the first time since 1987.
- The lake froze in 1987.
- The lake froze for the first time in 1987.
= The study did not find that coffee causes cancer.
- Coffee causes cancer.
- The study found that coffee causes cancer.
- The study did not find cancer.
= The landlord is responsible for the roof and the tenant for the windows.
- The tenant is responsible for the roof.
- The landlord is responsible for the windows.
+ The landlord is responsible for the roof.
= Attendance fell from about 900 to fewer than 600.
- Attendance fell to 900.
- Attendance fell from 900 to 600.
- Attendance rose from about 900 to fewer than 600.
+ Attendance fell from about 900 to fewer than 600.
= The cheaper model lacks a timer.
- The cheaper model has a timer.
- The model lacks a timer.
= Staff may leave at 3 pm on Fridays in July and August.
- Staff may leave at 3 pm.
- Staff must leave at 3 pm on Fridays.
- Staff may leave at 3 pm on Fridays.
= The tax applies to cars but not to bicycles or boats.
- The tax applies to bicycles.
- The tax applies to boats.
- The tax applies to cars and boats.
+ The tax applies to cars.
= Before the merger, Delta had 400 employees.
- Delta has 400 employees.
- After the merger, Delta had 400 employees.
= Mr Adler sold his shares to his sister Ruth for one euro.
- Ruth sold her shares to Mr Adler.
- Mr Adler sold his sister to Ruth.
- Mr Adler sold his shares for one euro to Mr Adler.
+ Mr Adler sold his shares to his sister Ruth.
= The council approved the budget by seven votes to four.
- The council approved the budget by four votes to seven.
- The council rejected the budget by seven votes to four.
- Seven votes approved four.
+ The council approved the budget by seven votes to four.
= Sofia Brandt teaches chemistry, and Leo Marsh teaches physics.
- Sofia Brandt teaches physics.
- Leo Marsh teaches chemistry.
- Sofia Brandt and Leo Marsh teach physics.
+ Leo Marsh teaches physics.
= The permit allows fishing with rods from the east bank only.
- The permit allows fishing with nets from the east bank only.
- The permit allows fishing from the east bank.
- The permit allows fishing with rods.
= A late return costs EUR 2 per day, up to a maximum of EUR 20.
- A late return costs EUR 20 per day.
- A return costs EUR 2 per day.
- A late return costs EUR 2.
- A late return costs EUR 20.
+ A late return costs EUR 2 per day.
= The inspector can enter the premises at any time without notice.
- The inspector can enter the premises with notice.
- The inspector cannot enter the premises without notice.
- The inspector can enter the premises.
= Hanna Koch, the sister of the mayor, bought the mill.
- The mayor bought the mill.
- Hanna Koch, the mayor, bought the mill.
- The sister bought the mill.
= Emissions are to be halved by 2035 compared with 1990.
- Emissions are halved.
- Emissions were halved by 2035.
- Emissions are to be halved by 1990.
= The grant covers travel but the applicant pays for meals.
- The grant covers meals.
- The applicant pays for travel.
+ The grant covers travel.
= The witness said the car was red.
- The car was red.
= No later than 1 June, the seller delivers the keys.
- The seller delivers the keys on 1 June.
- No later than 1 June, the buyer delivers the keys.
- Later than 1 June, the seller delivers the keys.
= Rooms with a balcony cost EUR 120, rooms without one EUR 95.
- Rooms with a balcony cost EUR 95.
- Rooms cost EUR 120.
- Rooms without a balcony cost EUR 120.
+ Rooms with a balcony cost EUR 120.
= In 2021 the profit was higher than in 2020.
- In 2020 the profit was higher than in 2021.
- In 2021 the profit was lower than in 2020.
- The profit in 2020 was higher.
= The warranty is void if the seal is broken.
- The warranty is void.
- The warranty is void unless the seal is broken.
- The seal is broken.
+ The warranty is void if the seal is broken.
= Two thirds of the owners may change the rules.
- Two owners may change the rules.
- The owners may change the rules.
- Two thirds of the owners must change the rules.
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
