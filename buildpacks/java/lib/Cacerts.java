import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;

/**
 * BUNDLE STORE: certificates in PEM, as the key store (JKS) of those that Java trusts. Not by Java's own class for it, which
 * notes the time, so that no two slugs would be the same.
 */
public class Cacerts {
    public static void main(String[] arguments) throws Exception {
        Collection<? extends Certificate> certificates;
        try (InputStream bundle = new FileInputStream(arguments[0])) {
            certificates = CertificateFactory.getInstance("X.509").generateCertificates(bundle);
        }
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        // The password that every such store has. It keeps nothing secret.
        digest.update("changeit".getBytes(StandardCharsets.UTF_16BE));
        digest.update("Mighty Aphrodite".getBytes(StandardCharsets.UTF_8));
        try (FileOutputStream file = new FileOutputStream(arguments[1])) {
            DataOutputStream store = new DataOutputStream(new DigestOutputStream(file, digest));
            store.writeInt(0xFEEDFEED);
            store.writeInt(2);
            store.writeInt(certificates.size());
            int number = 0;
            for (Certificate certificate : certificates) {
                byte[] encoded = certificate.getEncoded();
                store.writeInt(2);
                store.writeUTF("ca-" + number++);
                store.writeLong(0);
                store.writeUTF("X.509");
                store.writeInt(encoded.length);
                store.write(encoded);
            }
            store.flush();
            file.write(digest.digest());
        }
    }
}
