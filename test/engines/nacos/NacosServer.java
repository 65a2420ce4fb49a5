package com.alibaba.nacos;

import com.alibaba.nacos.plugin.auth.exception.AccessException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletComponentScan;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;

/** A Nacos server with naming and configuration; the console's own main class is in no registry. */
@SpringBootApplication(scanBasePackages = "com.alibaba.nacos")
@ServletComponentScan
@EnableScheduling
public class NacosServer {
    public static void main(String[] args) {
        SpringApplication.run(NacosServer.class, args);
    }

    /** What the console's ConsoleExceptionHandler does; without it a refused login is answered with the status 0. */
    @ControllerAdvice
    @Order(Ordered.HIGHEST_PRECEDENCE)
    public static class Refusals {
        @ExceptionHandler(AccessException.class)
        public ResponseEntity<String> refuse(AccessException error) {
            return ResponseEntity.status(403).body(error.getErrMsg());
        }
    }
}
