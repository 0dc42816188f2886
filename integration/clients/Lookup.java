import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Hashtable;
import javax.naming.Context;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/**
 * Looks names up with Java: Lookup A|AAAA|SRV NAME, Lookup PTR ADDRESS. Addresses as every connection finds them
 * (InetAddress), SRV through JNDI's own resolver.
 */
public class Lookup {
  public static void main(String[] words) throws Exception {
    try {
      if (words[0].equals("SRV")) {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        Attribute records = new InitialDirContext(environment).getAttributes(words[1], new String[] {"SRV"}).get("SRV");
        for (NamingEnumeration<?> i = records.getAll(); i.hasMore(); ) System.out.println(i.next());
      } else if (words[0].equals("PTR")) {
        String name = InetAddress.getByName(words[1]).getCanonicalHostName();
        if (name.equals(words[1])) throw new UnknownHostException(name);
        System.out.println(name);
      } else {
        int octets = words[0].equals("A") ? 4 : 16;
        boolean found = false;
        for (InetAddress address : InetAddress.getAllByName(words[1])) {
          if (address.getAddress().length != octets) continue;
          found = true;
          System.out.println(address.getHostAddress());
        }
        if (!found) throw new UnknownHostException("no address of this family");
      }
    } catch (UnknownHostException | NamingException error) {
      System.out.println(error);
      System.exit(1);
    }
  }
}
