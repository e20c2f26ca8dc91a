/** A name as its bearer writes it, and the form that goes into an e-mail address. */
export interface Name {
  written: string;
  ascii: string;
}

interface NameList {
  given: readonly Name[];
  family: readonly Name[];
}

/** Names typed for this demonstration; any likeness to a person is chance. "written=ascii" where the two differ. */
export const nameLists = {
  english: {
    given: read(
      "Olivia Amelia Grace Hannah Chloe Emily Naomi Priya Ruth Zoe James Oliver Henry Samuel Lucas Daniel Marcus Owen Kwame Ravi",
    ),
    family: read(
      "Smith Taylor Walker Hughes Bennett Carter Foster Gray Hayes Marsh Okafor Patel Quinn Reed Shaw Turner Vaughan Wells Young O'Brien=obrien",
    ),
  },
  german: {
    given: read(
      "Anna Lena Katharina Jana Sophie Ute Greta Jürgen=juergen Björn=bjoern Lukas Felix Jonas Matthias Emre Käthe=kaethe Tobias",
    ),
    family: read(
      "Müller=mueller Schäfer=schaefer Weiß=weiss Vogel Krüger=krueger Lorenz Brandt Hartmann Jäger=jaeger Köhler=koehler Sommer Winter Yılmaz=yilmaz Nowak Böhm=boehm Seidel",
    ),
  },
  french: {
    given: read(
      "Chloé=chloe Élodie=elodie Inès=ines Jeanne Margaux Noémie=noemie Hugo Léo=leo Théo=theo Mathis François=francois Amadou",
    ),
    family: read(
      "Martin Lefèvre=lefevre Moreau Garnier Chevalier Dubois Perrin Gauthier Bérard=berard Diallo Rousseau Marchand",
    ),
  },
  persian: {
    given: read(
      "نرگس=narges مریم=maryam زهرا=zahra سارا=sara الهام=elham شیرین=shirin نیلوفر=niloufar مهسا=mahsa پریسا=parisa فاطمه=fatemeh علی=ali رضا=reza حسین=hossein امیر=amir بهرام=bahram کاوه=kaveh آرش=arash پویا=pouya محمد\u200cرضا=mohammadreza علی\u200cاکبر=aliakbar امیر\u200cحسین=amirhossein گل\u200cنار=golnar",
    ),
    family: read(
      "رضایی=rezaei کریمی=karimi احمدی=ahmadi موسوی=mousavi هاشمی=hashemi کاظمی=kazemi اکبری=akbari شریفی=sharifi یزدانی=yazdani مرادی=moradi نیک\u200cبخت=nikbakht حسین\u200cزاده=hosseinzadeh کریم\u200cپور=karimpour پاک\u200cنژاد=paknejad خوش\u200cنیت=khoshniyat جعفری=jafari صادقی=sadeghi تهرانی=tehrani قاسمی=ghasemi کیانی=kiani",
    ),
  },
  arabic: {
    given: read(
      "فاطمة=fatima مريم=mariam ليلى=layla نور=nour هدى=huda سلمى=salma ريم=reem ياسمين=yasmin أمينة=amina محمد=mohammed أحمد=ahmed خالد=khaled يوسف=yousef عمر=omar طارق=tariq سامي=sami إبراهيم=ibrahim عبدالله=abdullah",
    ),
    family: read(
      "الحسن=alhasan المصري=almasri النجار=alnajjar الشريف=alsharif حداد=haddad منصور=mansour سليمان=suleiman الخطيب=alkhatib العتيبي=alotaibi القحطاني=alqahtani عبدالرحمن=abdulrahman الزهراني=alzahrani فاروق=farouk درويش=darwish السيد=elsayed البلوشي=albalushi",
    ),
  },
} as const satisfies Record<string, NameList>;

/** The name as typed on an Arabic keyboard: the same word to a reader, other code points. */
export function onArabicKeyboard(text: string): string {
  return text.replaceAll("ی", "ي").replaceAll("ک", "ك").replaceAll("\u200c", " ");
}

/** Digits as Persian readers write them. */
export function persianDigits(text: string): string {
  return text.replace(/\d/g, (digit) => String.fromCharCode(0x06f0 + Number(digit)));
}

function read(list: string): Name[] {
  return list.split(" ").map((entry) => {
    const [written = "", ascii = written.toLowerCase()] = entry.split("=");
    return { written, ascii };
  });
}
