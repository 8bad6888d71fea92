"""The questions to a firm, in Italian and English. `{year}` is a year; `{what}` a country's code or a number in a list.
Pure."""

import enum


class Words(enum.Enum):
    """Each question that can be asked."""

    SHARE = enum.auto()
    MARKETS = enum.auto()
    SINCE = enum.auto()
    PRESENCE = enum.auto()
    STAKE = enum.auto()
    INVEST = enum.auto()
    STAFF = enum.auto()
    TURNOVER = enum.auto()
    BALANCE = enum.auto()
    HOLDINGS = enum.auto()
    PUBLIC = enum.auto()
    HOLDING_STAFF = enum.auto()
    HOLDING_TURNOVER = enum.auto()
    HOLDING_BALANCE = enum.auto()
    HOLDING_SHARE = enum.auto()


WORDS: dict[Words, tuple[str, str]] = {
    Words.SHARE: (
        "Quale percentuale del fatturato {year} dell'impresa deriva da vendite all'estero? "
        "Se nel {year} non ha esportato, basta rispondere 0.",
        "What percentage of the firm's turnover in {year} came from sales abroad? "
        "If it did not export in {year}, the answer is simply 0.",
    ),
    Words.MARKETS: (
        "In quali Paesi ha esportato l'impresa nel {year}? Se nel {year} non ha esportato, basta dirlo.",
        "To which countries did the firm export in {year}? If it did not export in {year}, please just say so.",
    ),
    Words.SINCE: (
        "In quale anno l'impresa ha iniziato a esportare?",
        "In which year did the firm begin to export?",
    ),
    Words.PRESENCE: (
        "L'impresa ha presenze proprie all'estero (società controllate, joint venture, partecipazioni, succursali, "
        "uffici)? Per ciascuna indichi il Paese e, per le partecipazioni, la quota; se non ne ha, basta dirlo.",
        "Does the firm have a presence of its own abroad (subsidiaries, joint ventures, stakes, branches, offices)? "
        "For each one, please give the country and, for stakes, the share held; if there is none, please just say so.",
    ),
    Words.STAKE: (
        "Quale quota percentuale detiene l'impresa nella partecipazione già indicata all'estero (Paese: {what})?",
        "What percentage does the firm hold in the stake abroad that it has named (country: {what})?",
    ),
    Words.INVEST: (
        "L'impresa intende investire all'estero, per esempio aprendo o rafforzando una società controllata, una joint "
        "venture o una partecipazione?",
        "Does the firm intend to invest abroad, for instance by setting up or strengthening a subsidiary, a joint "
        "venture or a stake?",
    ),
    Words.STAFF: (
        "Quante persone hanno lavorato nell'impresa nel {year}, in unità lavorative annue (ULA)?",
        "How many people worked for the firm in {year}, in annual work units?",
    ),
    Words.TURNOVER: (
        "Qual è stato il fatturato {year} dell'impresa, in euro?",
        "What was the firm's turnover in {year}, in euro?",
    ),
    Words.BALANCE: (
        "Qual è stato il totale di bilancio {year} dell'impresa, in euro?",
        "What was the firm's balance sheet total in {year}, in euro?",
    ),
    Words.HOLDINGS: (
        "Ci sono imprese associate (quota dal 25 al 50 %) o collegate (oltre il 50 %) all'impresa? Per ciascuna "
        "indichi la quota e, per il {year}, le unità lavorative annue, il fatturato e il totale di bilancio.",
        "Are there partner enterprises (25 to 50 % held) or linked enterprises (above 50 %) of the firm? For each one, "
        "please give the share and, for {year}, the annual work units, the turnover and the balance sheet total.",
    ),
    Words.PUBLIC: (
        "Quale percentuale del capitale o dei diritti di voto dell'impresa è detenuta da enti pubblici?",
        "What percentage of the firm's capital or voting rights is held by public bodies?",
    ),
    Words.HOLDING_STAFF: (
        "Quante persone hanno lavorato nel {year}, in unità lavorative annue (ULA), nell'impresa associata o collegata "
        "n. {what} dell'elenco già comunicato?",
        "How many people worked in {year}, in annual work units, for partner or linked enterprise no. {what} of the "
        "list already given?",
    ),
    Words.HOLDING_TURNOVER: (
        "Qual è stato il fatturato {year}, in euro, dell'impresa associata o collegata n. {what} dell'elenco già "
        "comunicato?",
        "What was the turnover in {year}, in euro, of partner or linked enterprise no. {what} of the list already "
        "given?",
    ),
    Words.HOLDING_BALANCE: (
        "Qual è stato il totale di bilancio {year}, in euro, dell'impresa associata o collegata n. {what} dell'elenco "
        "già comunicato?",
        "What was the balance sheet total in {year}, in euro, of partner or linked enterprise no. {what} of the list "
        "already given?",
    ),
    Words.HOLDING_SHARE: (
        "Quale quota percentuale lega l'impresa all'impresa associata n. {what} dell'elenco già comunicato?",
        "What percentage links the firm with partner enterprise no. {what} of the list already given?",
    ),
}
