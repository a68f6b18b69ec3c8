"""Words that tell whether a name is a person's, and whether "he" or "she" may be that person; all in lower case."""

from typing import Literal

Gender = Literal["m", "f"]

# Before a name.
TITLES = frozenset(
    """actor actress adm alderman ambassador artist artists attorney author bishop capt captain ceo cfo chairman
    assemblyman assemblywoman chairwoman chancellor chief co-owner coach col colonel comedian commissioner congressman
    congresswoman coo councilman councilwoman dame democrat democratic democrats detective director dr father
    former gen general gov governor
    incumbent judge justice king lady lieutenant lord lt maj major mayor minister miss mr mrs ms officer pope
    president president-elect prime prince princess prof professor queen rapper rep representative republican
    republicans rev reverend secretary sen senator sergeant sgt sheriff singer sir sister speaker superintendent
    vice""".split()
)
# What somebody is called without a name.
ROLES = frozenset(
    """activist actor actress adviser advisor agent aide ambassador analyst anchor anyone artist assistant athlete
    attorney aunt author baby banker billionaire bishop bodyguard boxer boy boyfriend broker brother buyer bystander
    caller candidate captain captive celebrity ceo chairman chairwoman champion chef chief child co-founder coach
    colleague columnist comedian commander composer congressman congresswoman councillor councilor counterpart
    cousin curator customer dad daughter defendant defender demonstrator deputy designer detainee detective
    developer diplomat director diver doctor driver economist editor employee engineer entrepreneur everyone
    executive expert fan farmer father fiance fiancee fiancé fiancée filmmaker fisherman founder friend general girl
    girlfriend goalkeeper golfer governor granddaughter grandfather grandmother grandson guard guest gunman head
    hero historian hitter host hostage husband imam inmate inspector investor journalist judge juror keeper kid king
    landlord lawmaker lawyer leader man manager mayor midfielder migrant millionaire minister model mom monk mother
    musician neighbor neighbour nephew niece nobody nun nurse officer official onlooker opponent owner parent
    partner passenger passerby pastor patient person photographer pilot pitcher plaintiff player politician pope
    predecessor president priest prince princess principal prisoner producer professor prosecutor protester
    quarterback queen rabbi racer rapper referee refugee reporter representative researcher resident rider rival
    runner scientist sculptor secretary senator sergeant sheriff shooter shopper singer sister skier soldier
    somebody someone son songwriter spokesman spokesperson spokeswoman sprinter star stepfather stepmother striker
    student successor supporter surgeon survivor suspect swimmer teacher teammate teen teenager tenant tourist
    trader traveler traveller umpire uncle veteran vice-president victim visitor voter waiter who wife winner
    witness woman worker writer""".split()
)
# Parts of the names of other things.
NOT_PERSONS = frozenset(
    """academy act administration africa agency air airport alliance amendment america american angeles april army asia
    association august authority avenue award awards bank bay beach best big board bowl bridge british building
    bureau california cape center centre championship championships chicago christmas church city club co coast
    college commission committee company conference congress constitution corp council county court cup daily day
    december department east easter emmy europe falls february federal festival florida force fort foundation
    francisco friday fund games garden gardens good grammy grand great group hall heights high hills hospital hotel
    house inc institute international island islands january journal july june kingdom kong lake las league library
    little lives llc london los ltd magazine march matter may media ministry monday mount mountain movement museum
    national nations navy new news night north november ocean october office open oscar paris park parliament party
    pictures police port post press prize program project province radio records red region republic river road
    royal san saturday school sea senate september series service services show sky south springs square st stadium
    state states station street strip studios sunday super supreme system team texas theater theatre thursday times
    today top tournament tower trust tuesday tv union united university valley war washington wednesday weekly west
    white world york""".split()
)
# First names; one that is in both tells no gender.
MALE = frozenset(
    """aaron abdul adam ahmed alan alex alexander alexei ali andrea andrew anthony antonio arthur austin barack bashar
    ben benjamin bill bob bobby boris brad bradley brandon brett brian bruce bryan caleb carl carlos cesar chad
    charles christian christopher chuck clarence colin connor craig cristiano dan daniel dave david dennis derek
    diego dmitry don donald doug douglas dwayne dwight earl ed edward elijah elon emmanuel eric ernest ethan eugene
    evan felix fernando francisco francois frank fred gary gavin george gerald giovanni graham greg gregory hans
    harold harrison harry hassan hector henry herbert howard hugo hunter hussein ian ibrahim igor isaac ivan jack
    jacob jacques james jason javier jay jean jeff jeffrey jeremy jerry jim jimmy joe john jonathan jorge jose
    joseph joshua juan jurgen justin kanye karl keir keith ken kenneth kevin klaus kyle kylian larry lawrence lebron
    leo leonard liam lionel logan luca lucas luis luke marc marco mark martin marvin mason matt matthew max melvin
    michael miguel mike mikhail mitch mitchell mohammad mohammed muhammad mustafa narendra nathan neil nicholas nick
    nigel noah noel novak oliver omar oscar owen pablo patrick paul pedro pep peter phil philip phillip pierre rafa
    rafael ralph rami randy raymond recep ricardo richard rick rishi robert roberto rodrigo roger ron ronald roy
    russell ryan sam samuel scott sean sergei sergey sergio shane simon stanley stefan stephen steve steven stuart
    ted teddy theo theodore thomas tiger tim timothy todd tom tony travis trevor troy tyler usain victor vince
    vincent vladimir volodymyr walter wayne william wolfgang wyatt yoav zachary""".split()
)
FEMALE = frozenset(
    """abigail adele aisha alexandra alexis alice alicia allison amanda amber amira amy ana andrea angela angelina
    anjali ann anna anne april ariana ashley astrid audrey ava barbara becky bella betty beverly beyonce bonnie
    brenda bridget britney brittany camille carmen carol caroline carolyn carrie cassie catherine charlotte cher
    cheryl chloe christina christine cindy claire clara coco cynthia danielle deborah debra deepika denise diana
    diane donna doris dorothy edith ekaterina elaine eleanor elena elizabeth ella ellen emily emma erica erin esther
    eva evelyn faith fatima fiona florence frances gabrielle gina giorgia gloria grace greta gwyneth hannah heather
    heidi helen helga hillary holly ida ilse ines ingrid irene irina isabel isabella ivanka jacinda jacqueline jamie
    jane janet janice jean jenna jennifer jessica jill joan joanna joyce juana judith judy julia julie juliette
    kamala karen kate katherine kathleen kathryn katie kayla kelly kendall kerry khloe kim kimberly kirsten kourtney
    kristen kristin kylie laura lauren layla leah leila lily linda lisa liz lori lucia lucy madison malala margaret
    maria marie marilyn marine martha mary maryam megan meghan mei melania melissa meryl mia michelle miley miriam
    monica nadia nancy naomi natalie natasha nicole nikki norma olga olivia oprah pamela patricia paula peggy
    phyllis pilar priya rachel rebecca renee rihanna rita robin rosa roxanne ruth sakura sally samantha sandra sanna
    sara sarah scarlett selena serena sharon sheila shirley simone sofia sonia sophia stacy stephanie susan svetlana
    tara tatiana teresa theresa tina ursula valerie vanessa venus veronica victoria virginia yasmin yuki yulia zahra
    zoe""".split()
)
GENDERED: dict[str, Gender] = {
    **dict.fromkeys(
        """man boy father son husband brother dad king boyfriend spokesman mr congressman uncle grandfather
        prince""".split(),
        "m",
    ),
    **dict.fromkeys(
        """woman girl mother daughter wife sister mom queen actress girlfriend spokeswoman mrs ms miss congresswoman
        aunt grandmother princess""".split(),
        "f",
    ),
}
